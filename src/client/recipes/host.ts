/** What locks and elections need of their client. Types only. */
import type { ClientLogger, Session, Tree } from '../types.js';
import type { SharedSession } from './shared-session.js';

export interface RecipeHost {
  /** For reads and watches that need no session. */
  readonly tree: Tree;
  /** Of all locks and elections of the client. */
  readonly session: SharedSession;
  readonly log: ClientLogger;
  /** For single steps, which wait for the cluster and not for other holders. */
  readonly timeoutMs: number;
  /** Who holds a lock, for operators. */
  readonly label: string;
}

/** Without disconnect grace; closed with the client. */
export type OpenSession = () => Promise<Session>;
