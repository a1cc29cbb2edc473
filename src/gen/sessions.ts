/** Generated from proto/rollcall/v1/sessions.proto by scripts/proto.mjs: do not edit. */
import type { Method } from '../rpc/shapes.js';
import type {
  DeregisterRequest,
  InstancesRequest,
  InstancesResponse,
  RegisterRequest,
  RegisterResponse,
  ServicesRequest,
  ServicesResponse,
  UpdateInstanceRequest,
} from './catalog.js';
import type { ErrorDetail } from './errors.js';
import type {
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DeleteResponse,
  GetAclRequest,
  GetAclResponse,
  GetRequest,
  GetResponse,
  ListRequest,
  ListResponse,
  SetAclRequest,
  SetRequest,
  SetResponse,
  Stale,
  TransactRequest,
  TransactResponse,
  WatchRequest,
  WatchResponse,
} from './tree.js';

export type Sessions = {
  readonly Open: Method<OpenSessionRequest, OpenSessionResponse>;
  /** Answered once the current leader has recorded it and is known to lead. */
  readonly Touch: Method<TouchRequest, TouchResponse>;
  readonly Close: Method<CloseSessionRequest, CloseSessionResponse>;
  /** In the order of opening, in pages. */
  readonly List: Method<ListSessionsRequest, ListSessionsResponse>;
  /** One session with the paths of its nodes. */
  readonly Get: Method<GetSessionRequest, GetSessionResponse>;
  /** An operator ends a session: its nodes go at one revision, and the act is in the audit. */
  readonly Revoke: Method<RevokeSessionRequest, RevokeSessionResponse>;
  /**
   * Requests in batches, and on the same stream their responses, touch answers and watch events, in
   * one order: an event comes before any response that saw a newer revision.
   */
  readonly Stream: Method<StreamRequest, StreamResponse>;
};

export interface OpenSessionRequest {
  /** 16 to 64 random bytes, chosen by the client: opening twice with one secret gives one session. */
  readonly secret: Uint8Array;
  /** 2000 to 600000; 0 means 10000. */
  readonly timeoutMs: number;
  /**
   * When the client's connection is closed by its side, the session ends this much later instead of
   * after its timeout. 0: no such thing.
   */
  readonly graceMs: number;
  /** What the client says of itself, for people: at most 256 bytes. */
  readonly label: string;
}

export interface OpenSessionResponse {
  readonly session: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Rises with each attach; requests of an older attachment are answered MOVED. */
  readonly epoch: number;
  /** Highest seq applied: send everything above it again. */
  readonly lastSeq: number;
}

export interface TouchRequest {
  readonly session: number;
  readonly secret: Uint8Array;
}

export type TouchResponse = Readonly<Record<never, never>>;

export interface CloseSessionRequest {
  readonly session: number;
  readonly secret: Uint8Array;
}

export type CloseSessionResponse = Readonly<Record<never, never>>;

export interface SessionInfo {
  readonly session: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly epoch: number;
  /** Its connection was closed by its side; it ends after its grace. */
  readonly detached: boolean;
  readonly lastSeq: number;
  /** Of its latest attach or change. */
  readonly lastRevision: number;
  readonly nodes: number;
  readonly label: string;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly openedAt: number;
  /** Name, or id when the name is not known, of the member through which it attached last. */
  readonly member: string;
}

export interface ListSessionsRequest {
  readonly consistency: number;
  readonly floor: number;
  /** 0 or anything above 1000 means 1000. */
  readonly limit: number;
  /** Sessions after this one; from `next_after`. */
  readonly after: number;
}

export interface ListSessionsResponse {
  readonly sessions: readonly SessionInfo[];
  readonly revision: number;
  /** Not 0: more follow. */
  readonly nextAfter: number;
}

export interface GetSessionRequest {
  readonly session: number;
  readonly consistency: number;
  readonly floor: number;
  readonly limit: number;
  /** Paths after this one. */
  readonly after: string;
}

export interface GetSessionResponse {
  readonly session: SessionInfo | undefined;
  readonly paths: readonly string[];
  readonly revision: number;
  readonly nextAfter: string;
}

export interface RevokeSessionRequest {
  readonly session: number;
  /** For the audit. */
  readonly who: string;
  readonly reason: string;
}

export interface RevokeSessionResponse {
  readonly revision: number;
  /** That went with it. */
  readonly nodes: number;
}

export interface AttachRequest {
  readonly session: number;
  readonly secret: Uint8Array;
}

export interface StreamRequest {
  readonly operations: readonly StreamOperation[];
  /** The client has the results of all seqs below this one. */
  readonly ackedSeq: number;
  /**
   * Not 0: asks for a touch answer carrying this number. Of several in quick succession only the last
   * is answered.
   */
  readonly touch: number;
}

export interface StreamOperation {
  /** Chosen by the client, unique among its open requests. */
  readonly id: number;
  /** Changes of a session: 1, 2, 3 …, the same when sent again. 0 before a session is attached. */
  readonly seq: number;
  /** 0 means 5000. */
  readonly timeoutMs: number;
  readonly open: OpenSessionRequest | undefined;
  readonly attach: AttachRequest | undefined;
  readonly close: CloseSessionRequest | undefined;
  readonly create: CreateRequest | undefined;
  readonly set: SetRequest | undefined;
  readonly delete: DeleteRequest | undefined;
  readonly transact: TransactRequest | undefined;
  readonly get: GetRequest | undefined;
  readonly list: ListRequest | undefined;
  readonly register: RegisterRequest | undefined;
  readonly updateInstance: UpdateInstanceRequest | undefined;
  readonly deregister: DeregisterRequest | undefined;
  readonly services: ServicesRequest | undefined;
  readonly instances: InstancesRequest | undefined;
  /** Starts a watch whose events carry this operation's id. */
  readonly watch: WatchRequest | undefined;
  /** Ends the watch with this id. */
  readonly unwatch: number | undefined;
  /** Consumes its seq and does nothing: for a change the client gave up. */
  readonly skip: boolean | undefined;
  readonly getAcl: GetAclRequest | undefined;
  readonly setAcl: SetAclRequest | undefined;
  /** Which of its members is set. */
  readonly operation?:
    | 'open'
    | 'attach'
    | 'close'
    | 'create'
    | 'set'
    | 'delete'
    | 'transact'
    | 'get'
    | 'list'
    | 'register'
    | 'updateInstance'
    | 'deregister'
    | 'services'
    | 'instances'
    | 'watch'
    | 'unwatch'
    | 'skip'
    | 'getAcl'
    | 'setAcl';
}

export interface StreamResponse {
  readonly items: readonly StreamItem[];
}

export interface StreamItem {
  readonly response: OperationResponse | undefined;
  readonly watch: StreamWatchResponse | undefined;
  /** Answer to a touch. */
  readonly touched: number | undefined;
  /** Every watch of this stream has everything up to this revision. */
  readonly bookmark: number | undefined;
  readonly stale: Stale | undefined;
  readonly live: number | undefined;
  readonly ended: SessionEnded | undefined;
  /** A request is open and the member alive: sent when nothing else was for 250 ms. */
  readonly progress: boolean | undefined;
  /** Which of its members is set. */
  readonly item?:
    | 'response'
    | 'watch'
    | 'touched'
    | 'bookmark'
    | 'stale'
    | 'live'
    | 'ended'
    | 'progress';
}

export interface SessionEnded {
  /** closed, expired, disconnected, revoked, moved. */
  readonly cause: string;
}

export interface StreamWatchResponse {
  readonly id: number;
  readonly response: WatchResponse | undefined;
}

export interface OperationResponse {
  readonly id: number;
  readonly error: ErrorDetail | undefined;
  readonly open: OpenSessionResponse | undefined;
  readonly create: CreateResponse | undefined;
  readonly set: SetResponse | undefined;
  readonly delete: DeleteResponse | undefined;
  readonly transact: TransactResponse | undefined;
  readonly get: GetResponse | undefined;
  readonly list: ListResponse | undefined;
  readonly register: RegisterResponse | undefined;
  readonly services: ServicesResponse | undefined;
  readonly instances: InstancesResponse | undefined;
  readonly getAcl: GetAclResponse | undefined;
  /** Nothing to say beyond "done" at this revision. */
  readonly done: number | undefined;
  /** Which of its members is set. */
  readonly result?:
    | 'error'
    | 'open'
    | 'create'
    | 'set'
    | 'delete'
    | 'transact'
    | 'get'
    | 'list'
    | 'register'
    | 'services'
    | 'instances'
    | 'getAcl'
    | 'done';
}
