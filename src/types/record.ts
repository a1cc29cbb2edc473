/** What the cluster remembers for the question "why": replicated, bounded, oldest dropped first. */
import type { MemberId, Revision, SessionId } from './ids.js';
import type { LeaveReason } from './instance.js';

/** `replaced`: the id stayed on the roll, another registration took it. */
export type DepartureReason = LeaveReason | 'replaced';

/** A registration that ended. */
export interface Departure {
  readonly service: string;
  readonly id: string;
  /** Of the change that ended it. */
  readonly revision: Revision;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly time: number;
  readonly reason: DepartureReason;
  readonly address: string;
  readonly port: number;
  readonly sequence: number;
  readonly createRevision: Revision;
  readonly incarnation: Revision;
  /** NO_SESSION: it was static. */
  readonly session: SessionId;
  /** Of that session; 0 when static. */
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** The member through which that session was attached; empty when static. */
  readonly member: MemberId | '';
  /** An operator's name, or the new holder's address; empty when nobody in particular. */
  readonly who: string;
  /** The operator's reason. */
  readonly why: string;
}

/** What an operator did. */
export type AuditAction =
  | 'drain'
  | 'deregister'
  | 'undrain'
  | 'overrideExpired'
  | 'revoke'
  | 'settings'
  | 'quota';

/** The position of an action is its number in the log's rows: append only. */
export const AUDIT_ACTIONS: readonly AuditAction[] = [
  'drain',
  'deregister',
  'undrain',
  'overrideExpired',
  'revoke',
  'settings',
  'quota',
];

/** An operator's act. */
export interface AuditEntry {
  readonly revision: Revision;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly time: number;
  readonly action: AuditAction;
  /** "service/id", a service, a path, or a session's id. */
  readonly subject: string;
  readonly who: string;
  readonly why: string;
}
