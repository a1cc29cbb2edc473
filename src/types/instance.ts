/**
 * A registered server of a service, as callers see it. Stored as JSON in the field set of Curator's
 * x-discovery ServiceInstance, with our own fields beside them (`codec/instance.ts`).
 */
import type { Revision } from './ids.js';
import type { Override } from './node.js';

/** Of an instance. Only those that are UP get new requests. */
export type InstanceState = 'STARTING' | 'UP' | 'DRAINING' | 'DOWN';

export const INSTANCE_STATES: readonly InstanceState[] = ['STARTING', 'UP', 'DRAINING', 'DOWN'];

/** What a server says of itself. */
export interface InstanceSpec {
  readonly service: string;
  readonly id: string;
  /** Host name, IPv4 or IPv6 literal without brackets. */
  readonly address: string;
  readonly port: number;
  /** Further named ports, as in { metrics: 9100 }. */
  readonly ports: Readonly<Record<string, number>>;
  /** "http", "https", "grpc", "tcp"…; makes the URL's scheme. */
  readonly protocol: string;
  readonly basePath: string;
  /** Relative share of the load, ≥ 0; 100 unless stated. */
  readonly weight: number;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: InstanceState;
  /** Milliseconds since 1970, the registering side's clock: for people only. */
  readonly registeredAt: number;
}

/** An instance on the roll. Order: (createRevision, ordinal), the order of joining. */
export interface Instance extends InstanceSpec {
  /** Its number among all that ever joined the service. */
  readonly sequence: number;
  /** Revision of the latest change. */
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly ordinal: number;
  /** Fencing token: revision of the latest claim. */
  readonly incarnation: Revision;
  /** protocol://address:port/basePath. */
  readonly url: string;
  /** An operator's override is in force (state shows DRAINING). */
  readonly overridden: boolean;
  /** Set when it is. */
  readonly override?: Override;
}

/** Why an instance left. */
export type LeaveReason =
  | 'closed'
  | 'disconnected'
  | 'expired'
  | 'deregistered'
  | 'revoked'
  | 'restored';
