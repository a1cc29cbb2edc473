/** A session as operators see it. */
import type { MemberId, Revision, SessionId } from './ids.js';

export interface SessionInfo {
  readonly id: SessionId;
  readonly timeoutMs: number;
  /** 0: none. */
  readonly graceMs: number;
  readonly epoch: number;
  /** Its connection was closed by its side; it ends after its grace. */
  readonly detached: boolean;
  readonly lastSeq: number;
  /** Of its latest attach or change. */
  readonly lastRevision: Revision;
  readonly ephemeralCount: number;
  /** What the client said of itself when it opened; for people. */
  readonly label: string;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly openedTime: number;
  /** The member through which it attached last. */
  readonly member: MemberId;
}
