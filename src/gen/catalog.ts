/** Generated from proto/rollcall/v1/catalog.proto by scripts/proto.mjs: do not edit. */
import type { Method } from '../rpc/shapes.js';
import type { Override, Stale } from './tree.js';

export type Catalog = {
  readonly Services: Method<ServicesRequest, ServicesResponse>;
  readonly Instances: Method<InstancesRequest, InstancesResponse>;
  /**
   * The instances of a service first, then every join, change and leave. A reader that does not keep up
   * is told of each instance's latest change only (`coalesced`).
   */
  readonly Subscribe: Method<SubscribeRequest, SubscribeResponse>;
  /**
   * Registers, with `static`, until deregistered. A registration that lives with a session goes through
   * the session's own stream, or through Hold: a unary call cannot speak for a session without taking
   * it away from its stream, and is answered INVALID_ARGUMENT.
   */
  readonly Register: Method<RegisterRequest, RegisterResponse>;
  readonly Deregister: Method<DeregisterRequest, DeregisterResponse>;
  /** A service's settings and how many stand behind it. */
  readonly GetService: Method<GetServiceRequest, GetServiceResponse>;
  /** Replaces the settings; makes the service when there is none. */
  readonly SetService: Method<SetServiceRequest, SetServiceResponse>;
  /**
   * An operator's word over an instance: it survives re-registration and stands until lifted, or until
   * its time. Replaces one that stands.
   */
  readonly SetOverride: Method<SetOverrideRequest, SetOverrideResponse>;
  readonly LiftOverride: Method<LiftOverrideRequest, LiftOverrideResponse>;
  readonly Overrides: Method<OverridesRequest, OverridesResponse>;
  /** Why did it vanish: the last 50 registrations of a service that ended. */
  readonly Departures: Method<DeparturesRequest, DeparturesResponse>;
  /**
   * Registered for as long as the call lives: the whole of registration in one call, in any language.
   * The member keeps the session alive while the connection answers keepalive.
   */
  readonly Hold: Method<HoldRequest, HoldResponse>;
};

export const InstanceState = {
  INSTANCE_STATE_UNSPECIFIED: 0,
  STARTING: 1,
  UP: 2,
  DRAINING: 3,
  DOWN: 4,
} as const;

export interface Instance {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** protocol://address:port/base_path */
  readonly url: string;
  readonly weight: number;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: number;
  /** Its number among all that ever joined the service: the order of the roll. */
  readonly sequence: number;
  /** Of its latest change. */
  readonly revision: number;
  readonly createRevision: number;
  /** Revision of the latest claim: a fencing token. */
  readonly incarnation: number;
  readonly ports: Readonly<Record<string, number>>;
  readonly basePath: string;
  /** An operator drained it. */
  readonly overridden: boolean;
  readonly ordinal: number;
  /** Milliseconds since 1970, the registering side's clock: for people. */
  readonly registeredAt: number;
  /** In force over it. */
  readonly override: Override | undefined;
}

/** What a service says to all of its callers. */
export interface ServiceSettings {
  /** Name of the balancing policy; empty: the caller's own. */
  readonly policy: string;
  /** Per cent of the instances that must be UP; below it callers use all of them. 0: unset. */
  readonly minimumHealthy: number;
  /** Free form. */
  readonly fields: Readonly<Record<string, string>>;
  /** For compare-and-set; set by the cluster. */
  readonly version: number;
  /** Of their latest change; 0: never set. */
  readonly revision: number;
}

export interface GetServiceRequest {
  readonly service: string;
  readonly consistency: number;
  readonly floor: number;
}

export interface GetServiceResponse {
  readonly service: string;
  readonly exists: boolean;
  readonly settings: ServiceSettings | undefined;
  readonly instances: number;
  /** Subscribers and watches of it at the member that answers. */
  readonly subscribers: number;
  readonly revision: number;
}

export interface SetServiceRequest {
  readonly service: string;
  readonly settings: ServiceSettings | undefined;
  readonly version: number | undefined;
  /** For the audit. */
  readonly who: string;
  readonly reason: string;
  /** Which of its members is set. */
  readonly versionSet?: 'version';
}

export interface SetServiceResponse {
  readonly settings: ServiceSettings | undefined;
  readonly revision: number;
}

export interface SetOverrideRequest {
  readonly service: string;
  readonly id: string;
  /**
   * drain: it shows DRAINING, whatever it says of itself. deregister: it goes, and its id cannot
   * register.
   */
  readonly action: string;
  readonly who: string;
  readonly reason: string;
  /** Milliseconds since 1970; 0 until lifted. */
  readonly until: number;
}

export interface SetOverrideResponse {
  readonly revision: number;
}

export interface LiftOverrideRequest {
  readonly service: string;
  readonly id: string;
  readonly who: string;
  readonly reason: string;
}

export interface LiftOverrideResponse {
  readonly revision: number;
}

export interface OverridesRequest {
  /** Empty: of all services. */
  readonly service: string;
  readonly consistency: number;
  readonly floor: number;
  readonly limit: number;
  /** "service/id"; from `next_after`. */
  readonly after: string;
}

export interface OverrideOf {
  readonly service: string;
  readonly id: string;
  readonly override: Override | undefined;
}

export interface OverridesResponse {
  readonly overrides: readonly OverrideOf[];
  readonly revision: number;
  readonly nextAfter: string;
}

export interface DeparturesRequest {
  readonly service: string;
  /** Empty: of all ids. */
  readonly id: string;
  readonly consistency: number;
  readonly floor: number;
}

/** A registration that ended. */
export interface Departure {
  readonly service: string;
  readonly id: string;
  /** Of the change that ended it. */
  readonly revision: number;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly time: number;
  /** closed, disconnected, expired, deregistered, revoked, restored, replaced. */
  readonly reason: string;
  readonly address: string;
  readonly port: number;
  readonly sequence: number;
  readonly createRevision: number;
  readonly incarnation: number;
  /** 0: it was static. */
  readonly session: number;
  readonly sessionTimeoutMs: number;
  readonly graceMs: number;
  /** Name, or id when the name is not known, of the member through which that session was attached. */
  readonly member: string;
  /** An operator's name, or the new holder's address. */
  readonly who: string;
  /** The operator's reason. */
  readonly why: string;
}

export interface DeparturesResponse {
  /** Oldest first. */
  readonly departures: readonly Departure[];
  readonly revision: number;
}

export interface ServicesRequest {
  readonly consistency: number;
  readonly floor: number;
  readonly limit: number;
  readonly after: string;
}

export interface ServiceSummary {
  readonly service: string;
  readonly instances: number;
}

export interface ServicesResponse {
  readonly services: readonly ServiceSummary[];
  readonly revision: number;
  readonly nextAfter: string;
}

/** Empty fields do not filter. */
export interface InstanceFilter {
  readonly tags: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly states: readonly number[];
}

export interface InstancesRequest {
  readonly service: string;
  readonly consistency: number;
  readonly floor: number;
  readonly filter: InstanceFilter | undefined;
  /** 0 or anything above 1000 means 1000. A page holds what of that many passes the filter. */
  readonly limit: number;
  /** From `next_after`. */
  readonly after: string;
}

export interface InstancesResponse {
  /** In the order of joining. */
  readonly instances: readonly Instance[];
  readonly revision: number;
  /** Not empty: more follow. Pages are not one revision: changes between them show. */
  readonly nextAfter: string;
}

export interface SubscribeRequest {
  readonly service: string;
  readonly filter: InstanceFilter | undefined;
  /** Not 0: only what happened after this revision, while the history reaches that far. */
  readonly afterRevision: number;
}

export interface SubscribeResponse {
  readonly snapshot: InstanceSnapshot | undefined;
  readonly changes: InstanceChanges | undefined;
  readonly bookmark: number | undefined;
  readonly stale: Stale | undefined;
  readonly live: number | undefined;
  /** After the first snapshot, after each marked one, and at every change. */
  readonly settings: ServiceSettings | undefined;
  /** Which of its members is set. */
  readonly kind?: 'snapshot' | 'changes' | 'bookmark' | 'stale' | 'live' | 'settings';
}

export interface InstanceSnapshot {
  readonly instances: readonly Instance[];
  readonly revision: number;
  /** It replaces what was missed. */
  readonly marked: boolean;
  /** The rest follows in the next message; only the whole may be shown. */
  readonly more: boolean;
}

export const ChangeType = {
  JOIN: 0,
  CHANGE: 1,
  LEAVE: 2,
} as const;

export interface InstanceChange {
  readonly type: number;
  readonly instance: Instance | undefined;
  /**
   * Of a leave: closed, disconnected, expired, deregistered, revoked, restored; or filtered, when it
   * is still there and no longer passes the filter.
   */
  readonly reason: string;
}

/** All changes of one revision together. */
export interface InstanceChanges {
  readonly revision: number;
  readonly changes: readonly InstanceChange[];
  /** The rest of the revision follows in the next message. */
  readonly more: boolean;
  /**
   * The reader was slow: of each instance only where it stands now, up to `revision`, against what the
   * reader was told last. One that came and went meanwhile is not mentioned. One that left and came again
   * (another create_revision) is there twice, its LEAVE before its JOIN. One that was taken over is a
   * CHANGE with another incarnation. Watches of the tree are never coalesced.
   */
  readonly coalesced: boolean;
}

export interface RegisterRequest {
  readonly service: string;
  /** Default: <address>-<port>. */
  readonly id: string;
  /** Default: the address the call came from. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly weight: number | undefined;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Unspecified: UP. */
  readonly state: number;
  readonly ports: Readonly<Record<string, number>>;
  readonly basePath: string;
  /** Displace a live holder of the id. */
  readonly takeover: boolean;
  /** Stays until deregistered; needs no session. */
  readonly static: boolean;
  /** Reserved for unary calls that name a session, which are refused; a stream uses its own. */
  readonly session: number;
  readonly secret: Uint8Array;
  /** Milliseconds since 1970, the registering side's clock; the same when the request is sent again. */
  readonly registeredAt: number;
  /** Which of its members is set. */
  readonly weightSet?: 'weight';
}

export interface RegisterResponse {
  readonly instance: Instance | undefined;
  readonly revision: number;
  /** An existing place on the roll was kept. */
  readonly tookOver: boolean;
}

/** Replaces what the instance says of itself. */
export interface UpdateInstanceRequest {
  readonly instance: RegisterRequest | undefined;
  /** The claim that is changed; another one answers REPLACED. */
  readonly incarnation: number;
}

export interface DeregisterRequest {
  readonly service: string;
  readonly id: string;
  /** 0: whatever claim stands. */
  readonly incarnation: number;
  /** Not empty: an operator does it, and the act is in the audit. */
  readonly who: string;
  readonly reason: string;
}

export interface DeregisterResponse {
  readonly revision: number;
}

export interface HoldRequest {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly weight: number | undefined;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: number;
  readonly ports: Readonly<Record<string, number>>;
  readonly basePath: string;
  readonly takeover: boolean;
  /** 0 means 10000. */
  readonly sessionTimeoutMs: number;
  readonly graceMs: number | undefined;
  /** What the caller says of itself, for people: at most 256 bytes. */
  readonly label: string;
  /** Which of its members is set. */
  readonly weightSet?: 'weight';
  /** Which of its members is set. */
  readonly graceMsSet?: 'graceMs';
}

export const HoldState = {
  HOLD_STATE_UNSPECIFIED: 0,
  HELD: 1,
  /** Another registration took the id; this call ends. */
  REPLACED: 2,
} as const;

/** The first when registered, further ones whenever the instance changes on the roll. */
export interface HoldResponse {
  readonly instance: Instance | undefined;
  readonly state: number;
  readonly revision: number;
  readonly hold: number;
}
