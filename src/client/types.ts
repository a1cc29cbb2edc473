/**
 * The public vocabulary of the SDK: every interface and option that `rollcall` exports, listed by
 * hand. It holds no code; values are plain and immutable, and every failure is a RollcallError.
 */
import type { RollcallError } from '../types/errors.js';
import type { Cause, EventType } from '../types/event.js';
import type { Instance, InstanceSpec, InstanceState, LeaveReason } from '../types/instance.js';
import type { NodeKind, NodeStat, TreeNode } from '../types/node.js';

/** Text is sent as UTF-8. */
export type Bytes = Uint8Array | string;

/** One per committed change, rising; below 2^53. */
export type RevisionNumber = number;

export type Consistency = 'linearizable' | 'session';

// ---- Client ----

export interface ClientOptions {
  /** For calls that name none: 5000. */
  readonly timeoutMs?: number | undefined;
  /** Learn the other members from the cluster, so that one endpoint is enough. Default true. */
  readonly learnMembers?: boolean | undefined;
  /** Calls fail as soon as every endpoint was tried in vain, not at their deadline. Default false. */
  readonly failFast?: boolean | undefined;
  /** Aborting it closes the client. */
  readonly signal?: AbortSignal | undefined;
}

/** IDLE until the first call; DEGRADED: was READY and is looking for a member again. */
export type ClientState = 'IDLE' | 'CONNECTING' | 'READY' | 'DEGRADED' | 'CLOSED';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The call has ended by then, one way or the other. */
  readonly timeoutMs?: number | undefined;
  /** Reads only. Default `linearizable`. */
  readonly consistency?: Consistency | undefined;
}

export interface ListOptions extends CallOptions {
  /** Names after this one: `next` of the page before. */
  readonly after?: string | undefined;
  /** Nodes a page, at most 1000. */
  readonly limit?: number | undefined;
  readonly withData?: boolean | undefined;
}

export interface Listing {
  /** By name. Without `withData` their data is empty. */
  readonly nodes: readonly TreeNode[];
  readonly revision: RevisionNumber;
  /** Set: more children follow; pass it as `after`. Pages are not one revision. */
  readonly next: string | undefined;
}

export interface CreateOptions extends CallOptions {
  /** Default `persistent`; a session's own nodes are `ephemeral`. */
  readonly kind?: NodeKind | undefined;
  /** Completes the name with ten digits that only rise. */
  readonly sequential?: boolean | undefined;
  readonly ttlMs?: number | undefined;
}

export interface VersionOptions extends CallOptions {
  /** Only when the node has this version; otherwise BAD_VERSION. */
  readonly version?: number | undefined;
}

export interface CreateResult {
  /** With the sequence suffix. */
  readonly path: string;
  readonly stat: NodeStat;
  readonly revision: RevisionNumber;
}

export interface SetResult {
  readonly stat: NodeStat;
  readonly revision: RevisionNumber;
}

export interface DeleteResult {
  readonly revision: RevisionNumber;
}

/** All stated conditions must hold. */
export interface GuardConditions {
  readonly exists?: boolean | undefined;
  readonly version?: number | undefined;
  readonly createRevision?: RevisionNumber | undefined;
  readonly modifyRevision?: RevisionNumber | undefined;
  /** Session id of the owner. */
  readonly owner?: number | undefined;
}

/** Collects what one transaction does; nothing is sent before `build` returns. */
export interface Transaction {
  check(path: string, conditions: GuardConditions): this;
  create(
    path: string,
    data?: Bytes,
    options?: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs'>,
  ): this;
  set(path: string, data: Bytes, options?: Pick<VersionOptions, 'version'>): this;
  delete(path: string, options?: Pick<VersionOptions, 'version'>): this;
}

export type TransactionStep =
  | { readonly type: 'create'; readonly path: string; readonly stat: NodeStat }
  | { readonly type: 'set'; readonly stat: NodeStat }
  | { readonly type: 'delete' };

export interface TransactionResult {
  /** One for each operation, in their order. */
  readonly results: readonly TransactionStep[];
  readonly revision: RevisionNumber;
}

/** The calls on nodes, shared by the client and its sessions. */
export interface Tree {
  /** undefined when there is no such node. */
  get(path: string, options?: CallOptions): Promise<TreeNode | undefined>;
  list(path: string, options?: ListOptions): Promise<Listing>;
  create(path: string, data?: Bytes, options?: CreateOptions): Promise<CreateResult>;
  set(path: string, data: Bytes, options?: VersionOptions): Promise<SetResult>;
  delete(path: string, options?: VersionOptions): Promise<DeleteResult>;
  transact(build: (t: Transaction) => void, options?: CallOptions): Promise<TransactionResult>;
  watch(path: string, options?: WatchOptions): Watch;
}

export interface Client extends Tree, AsyncDisposable {
  readonly state: ClientState;
  /** The state now, then every other one; ends when the client is closed. */
  states(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<ClientState>;
  /** Resolves once a member answers. */
  ready(options?: CallOptions): Promise<Client>;
  /** Deregisters, closes its sessions, ends every iterator. */
  close(): Promise<void>;

  /** A session of its own, for ephemeral nodes, locks and elections. */
  session(options?: SessionOptions): Promise<Session>;

  services(options?: CallOptions): Promise<readonly ServiceSummary[]>;
  /** In the order of joining. */
  instances(service: string, options?: InstancesOptions): Promise<InstanceList>;
  /** Resolves when registered; kept true until closed, replaced or deregistered. */
  register(
    service: string,
    target: RegistrationTarget,
    options?: RegisterOptions,
  ): Promise<Registration>;
  /** Removes whatever claim stands on an id, or only the one with `incarnation`. */
  deregister(
    service: string,
    id: string,
    options?: CallOptions & { readonly incarnation?: number | undefined },
  ): Promise<DeleteResult>;
  discover(service: string, options?: DiscoverOptions): Discovery;
  /** Every join, change and leave, in the order of their revisions. */
  roll(service: string, options?: RollOptions): AsyncIterable<RollEvent>;

  /** The view of the member that answers, or of the one at `endpoint`. */
  status(options?: MemberCallOptions): Promise<MemberStatusView>;
  members(options?: MemberCallOptions): Promise<readonly MemberSummary[]>;
}

// ---- Watches ----

export type WatchScopeName = 'node' | 'children' | 'subtree';

export interface WatchOptions {
  /** Default `node`. */
  readonly scope?: WatchScopeName | undefined;
  /** The nodes first (default), only changes from now on, or every change after a revision. */
  readonly from?: 'snapshot' | 'now' | RevisionNumber | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Events kept for a slow reader: 1024. */
  readonly buffer?: number | undefined;
  /** Past the buffer: start again with a marked snapshot (default), or fail with OVERLOADED. */
  readonly onOverflow?: 'resync' | 'fail' | undefined;
}

export interface TreeChange {
  readonly type: EventType;
  readonly path: string;
  /** After the change; of a deleted node, what it was last. */
  readonly node: TreeNode;
  readonly cause: Cause;
}

export type WatchEvent =
  /** `marked`: it replaces what was missed. */
  | {
      readonly type: 'snapshot';
      readonly revision: RevisionNumber;
      readonly nodes: readonly TreeNode[];
      readonly marked: boolean;
    }
  /** All changes of one revision; in order, none missed or repeated. */
  | {
      readonly type: 'change';
      readonly revision: RevisionNumber;
      readonly changes: readonly TreeChange[];
    }
  /** What was shown may be old: the member or its leader has not been heard of for `ageMs`. */
  | { readonly type: 'stale'; readonly ageMs: number }
  /** Everything up to `revision` has been delivered, and a leader is confirmed. */
  | { readonly type: 'live'; readonly revision: RevisionNumber };

export interface Watch extends AsyncIterable<WatchEvent>, AsyncDisposable {
  /** Everything up to here has been received. */
  readonly revision: RevisionNumber;
  readonly isLive: boolean;
  close(): Promise<void>;
}

// ---- Sessions ----

export interface SessionOptions {
  /** 2000 to 600000; 10000. */
  readonly timeoutMs?: number | undefined;
  /** Ends this much after its connection was closed by our side. Default 0: no such thing. */
  readonly graceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** SUSPENDED: no answer lately, the session may be gone. LOST: it is, for good. */
export type SessionState = 'CONNECTED' | 'SUSPENDED' | 'LOST' | 'CLOSED';

export interface Session extends Tree, AsyncDisposable {
  readonly id: number;
  readonly timeoutMs: number;
  readonly state: SessionState;
  /** Aborts when the session is LOST or closed, with a RollcallError as its reason. */
  readonly signal: AbortSignal;
  states(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<SessionState>;
  close(): Promise<void>;
}

// ---- Registrations ----

/** Anything that listens, as `http.Server` does. */
export interface ServerLike {
  readonly listening: boolean;
  address(): { readonly address: string; readonly port: number } | string | null;
  once(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  close(callback?: (error?: Error) => void): unknown;
}

export type InstanceFields = Omit<InstanceSpec, 'service' | 'id' | 'registeredAt'>;

/** A port is enough. */
export type InstanceTarget = { readonly port: number } & {
  readonly [K in keyof InstanceFields]?: InstanceFields[K] | undefined;
};

export type RegistrationTarget = ServerLike | InstanceTarget;

export interface RegisterOptions extends CallOptions {
  /** Default `<hostname>-<port>`. */
  readonly id?: string | undefined;
  readonly address?: string | undefined;
  readonly protocol?: string | undefined;
  readonly basePath?: string | undefined;
  readonly weight?: number | undefined;
  readonly zone?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly ports?: Readonly<Record<string, number>> | undefined;
  readonly state?: InstanceState | undefined;
  /** Displace a live holder of the id. */
  readonly takeover?: boolean | undefined;
  /** Persistent: stays until deregistered, whoever lives. */
  readonly static?: boolean | undefined;
  /** Default 10000. */
  readonly sessionTimeoutMs?: number | undefined;
  /** Default 2000: it leaves this soon after the process died. */
  readonly graceMs?: number | undefined;
  /** Given a server: on SIGTERM go DRAINING, close the server, deregister. Default true. */
  readonly drainOnSigterm?: boolean | undefined;
}

/**
 * REPLACED: another registration took the id. DEREGISTERED: someone removed it. Both are final; the
 * SDK does not fight back. SUSPENDED: registered, but the cluster has not answered lately.
 */
export type RegistrationState =
  | 'REGISTERING'
  | 'REGISTERED'
  | 'SUSPENDED'
  | 'REPLACED'
  | 'DEREGISTERED'
  | 'FAILED'
  | 'CLOSED';

export type InstancePatch = {
  readonly [K in keyof InstanceFields]?: InstanceFields[K] | undefined;
};

export interface Registration extends AsyncDisposable {
  readonly service: string;
  readonly id: string;
  readonly url: string;
  readonly state: RegistrationState;
  /** As last written to the roll. */
  readonly instance: Instance;
  readonly revision: RevisionNumber;
  /** Why it is REPLACED, DEREGISTERED or FAILED. */
  readonly reason: RollcallError | undefined;
  /** Aborts when the registration has ended, whatever the cause. */
  readonly signal: AbortSignal;
  states(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<RegistrationState>;
  set(patch: InstancePatch, options?: CallOptions): Promise<Instance>;
  setState(state: InstanceState, options?: CallOptions): Promise<Instance>;
  /** DRAINING, then after `waitMs` (250) deregistered. */
  drain(options?: { readonly waitMs?: number | undefined }): Promise<void>;
  /** Leaves the roll at once. */
  close(): Promise<void>;
}

// ---- The roll ----

export interface ServiceSummary {
  readonly service: string;
  readonly instances: number;
}

/** What is not stated does not filter. */
export interface InstanceFilter {
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly zone?: string | undefined;
  readonly states?: readonly InstanceState[] | undefined;
}

export interface InstancesOptions extends CallOptions {
  readonly filter?: InstanceFilter | undefined;
}

export interface InstanceList {
  /** In the order of joining. */
  readonly instances: readonly Instance[];
  readonly revision: RevisionNumber;
}

export interface RollOptions {
  readonly filter?: InstanceFilter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why an instance left: `unmatched` when it no longer fits the filter, `unknown` when it went in a
 * gap that a marked snapshot closed.
 */
export type RollLeaveReason = LeaveReason | 'unmatched' | 'unknown';

interface RollEventBase {
  /** Milliseconds since 1970, this process's clock. */
  readonly time: number;
  readonly revision: RevisionNumber;
}

/**
 * After a gap the differences come first, marked, then the whole list, marked. In every other case
 * events are exactly the changes of the log.
 */
export type RollEvent =
  | (RollEventBase & {
      readonly type: 'snapshot';
      readonly instances: readonly Instance[];
      readonly marked: boolean;
    })
  | (RollEventBase & {
      readonly type: 'join' | 'change';
      readonly instance: Instance;
      readonly marked: boolean;
    })
  | (RollEventBase & {
      readonly type: 'leave';
      readonly instance: Instance;
      readonly reason: RollLeaveReason;
      readonly marked: boolean;
    })
  | (RollEventBase & { readonly type: 'stale'; readonly ageMs: number })
  | (RollEventBase & { readonly type: 'live' });

// ---- Discovery ----

export type DiscoveryState = 'PENDING' | 'LIVE' | 'STALE' | 'CONFIRMED_EMPTY' | 'CLOSED';

/** An immutable view of a service. */
export interface InstanceSet {
  /** In the order of joining, whatever their state. */
  readonly instances: readonly Instance[];
  readonly revision: RevisionNumber;
  readonly state: DiscoveryState;
}

export type BalancerName = 'p2c' | 'round-robin';

export interface DiscoverOptions {
  readonly filter?: InstanceFilter | undefined;
  /** Default `p2c`: of two random ones, the one with fewer requests under way. */
  readonly balancer?: BalancerName | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PickOptions {
  /** Ids not to pick. */
  readonly exclude?: readonly string[] | undefined;
  /** For balancers that keep a key on one instance. */
  readonly key?: string | undefined;
}

/** A pick that counts as a request under way until disposed. */
export interface Picked extends Disposable {
  readonly instance: Instance;
  /** How it went; also ends the accounting. */
  report(result: 'ok' | 'error', latencyMs?: number): void;
}

export interface RunContext {
  /** Aborts at the deadline, or when the caller's signal does. */
  readonly signal: AbortSignal;
  /** 1, then 2 on another instance. */
  readonly attempt: number;
}

export interface RunOptions extends PickOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Discovery extends AsyncIterable<InstanceSet>, AsyncDisposable {
  readonly service: string;
  /** Last known; kept through every loss of connection. */
  readonly instances: readonly Instance[];
  readonly revision: RevisionNumber;
  readonly state: DiscoveryState;
  /** Milliseconds since the view was last known to be current; 0 while LIVE. */
  readonly ageMs: number;
  /** Resolves once the view is known and at least `min` (default 1) instances are UP. */
  ready(options?: CallOptions & { readonly min?: number | undefined }): Promise<Discovery>;
  /** In memory, no accounting. Throws NO_INSTANCE when none is UP. */
  pick(options?: PickOptions): Instance;
  acquire(options?: PickOptions): Picked;
  /** One retry on another instance when the connection was refused; accounted. */
  run<T>(
    fn: (instance: Instance, context: RunContext) => Promise<T>,
    options?: RunOptions,
  ): Promise<T>;
  /** Called now if the view is known, and at every change of it. */
  subscribe(listener: (set: InstanceSet) => void): Disposable;
  close(): Promise<void>;
}

// ---- Members ----

export interface MemberCallOptions extends CallOptions {
  /** HOST:PORT of the member to ask. */
  readonly endpoint?: string | undefined;
}

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
  /** The member that answered, HOST:PORT. */
  readonly endpoint: string;
}

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
}
