/** What locks and elections need of their client. Types only. */
import type { ClientLogger, Session, SessionOptions, Tree } from '../types.js';

export interface RecipeHost {
  /** For reads and watches that need no session. */
  readonly tree: Tree;
  /** Closed with the client; without disconnect grace unless asked for. */
  openSession(options?: SessionOptions): Promise<Session>;
  readonly log: ClientLogger;
}
