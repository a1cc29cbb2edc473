/** The client, its sessions and its view of the members. Types only. */
import type { Admin, By } from './admin.js';
import type { ClientDescription } from './describe.js';
import type { Election, Lock } from './locks.js';
import type {
  DiscoverOptions,
  Discovery,
  InstanceList,
  InstancesOptions,
  RegisterOptions,
  Registration,
  RegistrationTarget,
  RollEvent,
  RollOptions,
  ServiceSummary,
} from './roll.js';
import type { CallOptions, DeleteResult, Tree } from './tree.js';

/** Of a client. Each has a default that fits most programs. */
export interface ClientOptions {
  /** For calls that name none: 5000. */
  readonly timeoutMs?: number | undefined;
  /** Learn the other members from the cluster, so that one endpoint is enough. Default true. */
  readonly learnMembers?: boolean | undefined;
  /** Calls fail as soon as every endpoint was tried in vain, not at their deadline. Default false. */
  readonly failFast?: boolean | undefined;
  /** What this client says of itself, for `rollcall sessions`: default `<program> pid <pid> on <host>`. */
  readonly label?: string | undefined;
  /** A path in front of all paths of the tree's calls, as ZooKeeper's chroot. Services are not below it. */
  readonly namespace?: string | undefined;
  /** Where this process runs: the zone of its registrations and the one its balancers know as near. */
  readonly locality?: { readonly zone: string } | undefined;
  /** Pauses between attempts to reach a member. */
  readonly retry?: RetryPolicy | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Told of trouble in the background; by default nobody is. */
  readonly logger?: ClientLogger | undefined;
  /** Aborting it closes the client. */
  readonly signal?: AbortSignal | undefined;
}

/** When a call is tried again before its deadline. */
export interface RetryPolicy {
  /** Of the first pause; each further one is up to twice as long, with full jitter. Default 50. */
  readonly initialMs?: number | undefined;
  /** Default 2000. */
  readonly maxMs?: number | undefined;
}

/** PEM text or bytes. */
export interface TlsOptions {
  /** Whom to trust; unset: the authorities that Node trusts. */
  readonly ca?: string | Uint8Array | undefined;
  readonly certificate?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name to expect in the member's certificate, when it is not the endpoint's. */
  readonly serverName?: string | undefined;
}

/** Where the SDK writes; without one it writes nothing. */
export interface ClientLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** IDLE until the first call; DEGRADED: was READY and is looking for a member again. */
export type ClientState = 'IDLE' | 'CONNECTING' | 'READY' | 'DEGRADED' | 'CLOSED';

/** A connection to a cluster: made lazily, kept alive by itself, closed once. */
export interface Client extends Tree, AsyncDisposable {
  readonly state: ClientState;
  /** The state now, then every other one; ends when the client is closed. */
  states(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<ClientState>;
  /** Resolves once a member answers. */
  ready(options?: CallOptions): Promise<Client>;
  /** Deregisters, closes its sessions, ends every iterator. */
  close(): Promise<void>;

  /** A session of its own, for ephemeral nodes. */
  session(options?: SessionOptions): Promise<Session>;
  lock(path: string): Lock;
  election(path: string): Election;

  services(options?: CallOptions): Promise<readonly ServiceSummary[]>;
  /** In the order of joining. */
  instances(service: string, options?: InstancesOptions): Promise<InstanceList>;
  /** Resolves when registered; kept true until closed, replaced or deregistered. */
  register(
    service: string,
    target: RegistrationTarget,
    options?: RegisterOptions,
  ): Promise<Registration>;
  /**
   * Removes whatever claim stands on an id, or only the one with `incarnation`. With `who` it is an
   * operator's act, and in the audit.
   */
  deregister(
    service: string,
    id: string,
    options?: CallOptions & By & { readonly incarnation?: number | undefined },
  ): Promise<DeleteResult>;
  discover(service: string, options?: DiscoverOptions): Discovery;
  /** Every join, change and leave, in the order of their revisions. */
  roll(service: string, options?: RollOptions): AsyncIterable<RollEvent>;

  /** The view of the member that answers, or of the one at `endpoint`. */
  status(options?: MemberCallOptions): Promise<MemberStatusView>;
  members(options?: MemberCallOptions): Promise<readonly MemberSummary[]>;
  /** What operators ask and do. */
  readonly admin: Admin;
  /** What this client holds, now. */
  describe(): ClientDescription;
}

/** Of a session that is opened. */
export interface SessionOptions {
  /** 2000 to 600000; 10000. */
  readonly timeoutMs?: number | undefined;
  /** Ends this much after its connection was closed by our side. Default 0: no such thing. */
  readonly graceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** SUSPENDED: no answer lately, the session may be gone. LOST: it is, for good. */
export type SessionState = 'CONNECTED' | 'SUSPENDED' | 'LOST' | 'CLOSED';

/** A liveness of its own, for nodes that must die with it. */
export interface Session extends Tree, AsyncDisposable {
  readonly id: number;
  readonly timeoutMs: number;
  readonly state: SessionState;
  /** Aborts when the session is LOST or closed, with a RollcallError as its reason. */
  readonly signal: AbortSignal;
  states(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<SessionState>;
  close(): Promise<void>;
}

/** For calls to one member. */
export interface MemberCallOptions extends CallOptions {
  /** HOST:PORT of the member to ask. */
  readonly endpoint?: string | undefined;
}

/** What a member says of itself and of the cluster. */
export interface MemberStatusView {
  readonly clusterId: string;
  readonly memberId: string;
  readonly name: string;
  readonly version: string;
  /** Name of the leader it follows. */
  readonly leader: string | undefined;
  readonly hasQuorum: boolean;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly sessions: number;
  readonly watches: number;
  readonly nodes: number;
  readonly services: number;
  readonly uptimeMs: number;
  readonly confirmationAgeMs: number;
  /** Connections of clients. */
  readonly connections: number;
  readonly historyFloor: number;
  readonly checkpointIndex: number;
  /** 0 when it cannot be told. */
  readonly diskFreeBytes: number;
  /** `stalled`: a write to its log has been under way too long. */
  readonly disk: string;
  /** Members disagree about the state and no majority holds one. */
  readonly corrupt: boolean;
  /** The member that answered, HOST:PORT. */
  readonly endpoint: string;
}

/** A member as the one that was asked sees it. */
export interface MemberSummary {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly peerAddress: string;
  readonly httpAddress: string;
  /** leader, follower, candidate, learner; unreachable when it has not been heard of lately. */
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly pid: number;
  readonly version: string;
  readonly disk: string;
}
