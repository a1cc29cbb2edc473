/**
 * One watch of one connection: live (told of every event as it happens) or lagging behind a position.
 * Invariant: `gate.laggingCount` is the number of its watches that have a position.
 */
import { asRevision, type Revision } from '../../types/ids.js';
import type { Gate } from '../clients/gate.js';
import type { Channel } from './channel.js';

export interface Watch {
  readonly gate: Gate;
  /** Its name on the connection. */
  readonly id: number;
  readonly channel: Channel;
  /** Set while it lags: everything up to here has been delivered. */
  position: Revision | undefined;
  /** Set while it is shown a snapshot, page by page: of what is up to `cursor` it knows all. */
  scan: Scan | undefined;
}

export interface Scan {
  /** undefined: nothing of it was shown yet. */
  readonly cursor: string | undefined;
  readonly marked: boolean;
  /** Pages of an earlier scan were shown, and are void. */
  readonly restarted: boolean;
}

/** Before everything that any history holds. */
export const NEVER = asRevision(0);

/** From here on it reads from the history, behind `position`. */
export function lag(watch: Watch, position: Revision): void {
  if (watch.position === undefined) watch.gate.laggingCount++;
  watch.position = position;
}

export function caughtUp(watch: Watch): void {
  if (watch.position !== undefined) watch.gate.laggingCount--;
  watch.position = undefined;
}
