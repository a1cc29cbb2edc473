/** What operators ask and do: sessions, services, overrides, the record of what happened. Types only. */
import type { AuditAction, DepartureReason } from '../../types/record.js';
import type { CallOptions, RevisionNumber } from './tree.js';

/** Who acts and why: kept in the audit. */
export interface By {
  /** Default: user and host of this process. */
  readonly who?: string | undefined;
  readonly reason?: string | undefined;
}

/** A session of the cluster, whoever holds it. */
export interface SessionSummary {
  readonly id: number;
  readonly timeoutMs: number;
  /** 0: none. */
  readonly graceMs: number;
  readonly epoch: number;
  /** Its connection was closed by its side; it ends after its grace. */
  readonly detached: boolean;
  readonly lastSeq: number;
  readonly lastRevision: RevisionNumber;
  /** Ephemeral nodes that die with it. */
  readonly nodes: number;
  /** What the client said of itself. */
  readonly label: string;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly openedAt: number;
  /** Through which it attached last. */
  readonly member: string;
}

/** A session with the paths of its ephemeral nodes. */
export interface SessionDetails extends SessionSummary {
  /** Of its ephemeral nodes. */
  readonly paths: readonly string[];
}

/** The settings of a service as they are to be; what is not stated is unset. */
export interface ServiceSettingsInput {
  /** Name of the balancing policy; empty or unset: the caller's own. */
  readonly policy?: string | undefined;
  /** Per cent of the instances that must be UP; below it callers use all of them. 0 or unset: none. */
  readonly minimumHealthy?: number | undefined;
  /** Free form. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
}

/** The settings of a service as they are. */
export interface ServiceSettingsView {
  readonly policy: string;
  readonly minimumHealthy: number;
  readonly fields: Readonly<Record<string, string>>;
  /** For compare-and-set. */
  readonly version: number;
  /** Of their latest change; 0: never set. */
  readonly revision: RevisionNumber;
}

/** A service with its settings and counts. */
export interface ServiceDetails {
  readonly service: string;
  readonly exists: boolean;
  readonly settings: ServiceSettingsView;
  readonly instances: number;
  /** Subscribers and watches of it, over all members that answered. */
  readonly subscribers: number;
  readonly revision: RevisionNumber;
}

/** An operator's standing order about one instance. */
export interface OverrideView {
  readonly service: string;
  readonly id: string;
  readonly action: 'drain' | 'deregister';
  readonly who: string;
  readonly reason: string;
  /** Milliseconds since 1970; 0 until lifted. */
  readonly until: number;
  readonly revision: RevisionNumber;
}

/** A registration that ended, and why. */
export interface DepartureView {
  readonly service: string;
  readonly id: string;
  readonly revision: RevisionNumber;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly time: number;
  readonly reason: DepartureReason;
  readonly address: string;
  readonly port: number;
  readonly sequence: number;
  readonly createRevision: RevisionNumber;
  readonly incarnation: RevisionNumber;
  /** 0: it was static. */
  readonly session: number;
  readonly sessionTimeoutMs: number;
  readonly graceMs: number;
  /** Through which that session was attached. */
  readonly member: string;
  /** An operator's name, or the new holder's address. */
  readonly who: string;
  readonly why: string;
}

/** An act of an operator that was applied. */
export interface AuditView {
  readonly revision: RevisionNumber;
  readonly time: number;
  readonly action: AuditAction;
  readonly subject: string;
  readonly who: string;
  readonly why: string;
}

/** The bounds of a subtree and what stands under it. */
export interface QuotaView {
  readonly path: string;
  /** 0: no bound of that kind. */
  readonly nodesMax: number;
  readonly bytesMax: number;
  readonly nodes: number;
  readonly bytes: number;
}

/** What operators ask and do. */
export interface Admin {
  /** In the order of opening; fetched in pages as it is read. */
  sessions(options?: CallOptions): AsyncIterable<SessionSummary>;
  /** undefined when there is none. */
  session(id: number, options?: CallOptions): Promise<SessionDetails | undefined>;
  /** Ends a session; its nodes go at one revision. SESSION_EXPIRED when there is none. */
  revokeSession(
    id: number,
    options?: CallOptions & By,
  ): Promise<{ readonly revision: RevisionNumber; readonly nodes: number }>;

  service(service: string, options?: CallOptions): Promise<ServiceDetails>;
  /** Replaces the settings. With `version`: only when they have it (0: not set yet), else BAD_VERSION. */
  setService(
    service: string,
    settings: ServiceSettingsInput,
    options?: CallOptions & By & { readonly version?: number | undefined },
  ): Promise<ServiceSettingsView>;

  /** It shows DRAINING, whatever it says of itself, until lifted or `until` (milliseconds since 1970). */
  drain(service: string, id: string, options?: OverrideOptions): Promise<RevisionNumber>;
  /** Takes it off the roll, and its id cannot register until lifted or `until`. */
  takeOff(service: string, id: string, options?: OverrideOptions): Promise<RevisionNumber>;
  /** Lifts either. */
  undrain(service: string, id: string, options?: CallOptions & By): Promise<RevisionNumber>;
  overrides(
    options?: CallOptions & { readonly service?: string | undefined },
  ): Promise<readonly OverrideView[]>;

  /** Registrations that ended, oldest first: the last 50 of the service. */
  departures(
    service: string,
    options?: CallOptions & { readonly id?: string | undefined },
  ): Promise<readonly DepartureView[]>;
  /** Operators' acts, newest first; fetched in pages as it is read. */
  audit(options?: CallOptions): AsyncIterable<AuditView>;

  quotas(options?: CallOptions): Promise<readonly QuotaView[]>;
  /** Both bounds 0 or unset: lifted. */
  setQuota(
    path: string,
    limits: { readonly nodesMax?: number | undefined; readonly bytesMax?: number | undefined },
    options?: CallOptions & By,
  ): Promise<RevisionNumber>;
}

/** Of an operator's order: who, why, and until when. */
export interface OverrideOptions extends CallOptions, By {
  /** Milliseconds since 1970; unset: until lifted. */
  readonly until?: number | undefined;
}
