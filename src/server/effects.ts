/** What a turn of the core asks of the world: to be written, sent, fetched. Performed by `member.ts`. */
import type { Ready } from '../raft/raft.js';
import type { MemberId } from '../types/ids.js';
import type { LogWrite } from '../types/log.js';
import type { RaftMessage } from '../types/message.js';
import type { PeerMessage } from '../types/peer.js';
import type { Oddity } from './integrity/comparison.js';

/** To be made durable; `sendAfter` leaves when it is, then `persisted(token)` is called. */
export interface Persist {
  readonly token: number;
  readonly write: LogWrite;
  readonly sendAfter: readonly RaftMessage[];
}

export interface Effects {
  readonly persists: readonly Persist[];
  readonly sends: ReadonlyMap<MemberId, readonly PeerMessage[]>;
  /** Fetch the state at least this new from that member, then call `installed` or `installFailed`. */
  readonly install: Ready['install'];
  /** The record of the quarantine may go: then call `quarantineLifted`. */
  readonly liftQuarantine: boolean;
  /** This member's state is wrong: it must stop, and begin anew in quarantine. */
  readonly fence: Oddity | undefined;
}
