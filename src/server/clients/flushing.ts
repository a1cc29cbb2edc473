/**
 * The end of a turn for the connections: which of them have something to hand over, and the next page of
 * history or snapshot for those that lag. Pages stop when the turn has taken long enough; who had to wait is
 * first in the next one.
 */
import { SLICE_MS_MAX } from '../../types/limits.js';
import type { Clock } from '../../types/ports.js';
import type { WatchHub } from '../watches/watch-hub.js';
import type { Gate } from './gate.js';

export interface FlushingHost {
  readonly clock: Clock;
  readonly hub: WatchHub;
  /** There is more to do in another turn. */
  wake(): void;
}

export class Flushing {
  readonly #host: FlushingHost;
  readonly #due = new Set<Gate>();

  constructor(host: FlushingHost) {
    this.#host = host;
  }

  add(gate: Gate): void {
    this.#due.add(gate);
    this.#host.wake();
  }

  delete(gate: Gate): void {
    this.#due.delete(gate);
  }

  /** Connections with something to hand over, or that moved on. */
  get due(): Iterable<Gate> {
    return this.#due;
  }

  run(): void {
    const { clock } = this.#host;
    const nowMs = clock.monotonicMs();
    const due = [...this.#due];
    this.#due.clear();
    const served: Gate[] = [];
    for (const gate of due) {
      const isLagging = gate.laggingCount > 0 && !gate.isBlocked;
      const hasTime = !isLagging || clock.monotonicMs() - nowMs < SLICE_MS_MAX / 2;
      if (isLagging && hasTime) this.#host.hub.catchUp(gate);
      const hadRoom = gate.hasRoom;
      gate.flush(nowMs);
      if (gate.isBlocked) continue;
      // One page a turn: the next one follows, unless the sink is full by then.
      if (gate.laggingCount === 0) {
        if ((isLagging || !hadRoom) && gate.workCount > 0) this.add(gate);
        continue;
      }
      if (hasTime) served.push(gate);
      else this.add(gate);
    }
    for (const gate of served) this.add(gate);
  }
}
