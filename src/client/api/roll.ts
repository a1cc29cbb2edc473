/** Registrations, the roll and discovery views, as callers see them. Types only. */
import type { RollcallError } from '../../types/errors.js';
import type { Instance, InstanceSpec, InstanceState, LeaveReason } from '../../types/instance.js';
import type { ServiceSettingsView } from './admin.js';
import type { DiscoveryDescription, RegistrationDescription } from './describe.js';
import type { CallOptions, RevisionNumber } from './tree.js';

/** Anything that listens, as `http.Server` does. */
export interface ServerLike {
  readonly listening: boolean;
  address(): { readonly address: string; readonly port: number } | string | null;
  once(event: string, listener: (error?: Error) => void): unknown;
  off(event: string, listener: (error?: Error) => void): unknown;
  close(callback?: (error?: Error) => void): unknown;
}

/** What a registration says of its instance, and may change later. */
export type InstanceFields = Omit<InstanceSpec, 'service' | 'id' | 'registeredAt'>;

/** A port is enough. */
export type InstanceTarget = { readonly port: number } & {
  readonly [K in keyof InstanceFields]?: InstanceFields[K] | undefined;
};

/** A server that listens or will, or the address and port of one. */
export type RegistrationTarget = ServerLike | InstanceTarget;

/** Of a registration. Address and port are usually taken from the server. */
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

/** The fields to change; the others stay. */
export type InstancePatch = {
  readonly [K in keyof InstanceFields]?: InstanceFields[K] | undefined;
};

/** An instance on the roll: desired state, kept true across reconnects and lost sessions. */
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
  describe(): RegistrationDescription;
}

/** A service and how many instances it has. */
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

/** Of a list of instances. */
export interface InstancesOptions extends CallOptions {
  readonly filter?: InstanceFilter | undefined;
}

/** The instances of a service at one revision. */
export interface InstanceList {
  /** In the order of joining. */
  readonly instances: readonly Instance[];
  readonly revision: RevisionNumber;
}

/** Of a stream of joins, changes and leaves. */
export interface RollOptions {
  readonly filter?: InstanceFilter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why an instance left: `filtered` when it no longer fits the filter, `unknown` when it went in a
 * gap that a marked snapshot closed.
 */
export type RollLeaveReason = LeaveReason | 'filtered' | 'unknown';

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

/** How far a view can be trusted. STALE keeps its list; CONFIRMED_EMPTY was read from a quorum. */
export type DiscoveryState = 'PENDING' | 'LIVE' | 'STALE' | 'CONFIRMED_EMPTY' | 'CLOSED';

/** An immutable view of a service. */
export interface InstanceSet {
  /** In the order of joining, whatever their state. */
  readonly instances: readonly Instance[];
  readonly revision: RevisionNumber;
  readonly state: DiscoveryState;
}

/** How a view picks: `p2c` takes the less busy of two, `round-robin` takes turns by weight. */
export type BalancerName = 'p2c' | 'round-robin';

/** Of a view of a service. */
export interface DiscoverOptions {
  readonly filter?: InstanceFilter | undefined;
  /** Default `p2c`: of two random ones, the one with fewer requests under way. */
  readonly balancer?: BalancerName | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of one pick. */
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

/** What a request that runs through a view is given. */
export interface RunContext {
  /** Aborts at the deadline, or when the caller's signal does. */
  readonly signal: AbortSignal;
  /** 1, then 2 on another instance. */
  readonly attempt: number;
}

/** Of a request that runs through a view. */
export interface RunOptions extends PickOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** A view of a service: in memory, always current or known not to be. Picks cost no network hop. */
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
  /** What the service says to its callers; undefined until known. */
  readonly settings: ServiceSettingsView | undefined;
  describe(): DiscoveryDescription;
  /** Called now if the view is known, and at every change of it. */
  subscribe(listener: (set: InstanceSet) => void): Disposable;
  close(): Promise<void>;
}
