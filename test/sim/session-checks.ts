/**
 * No session ends early (contract 5, 6), and none that nobody keeps alive lives on. A session may go when its
 * client closed it, its timeout after the last acknowledged sign of life, or its grace after the client closed
 * the connection that was the current one; never because of what happened to a member.
 */
import type { Tree } from '../../src/tree/tree.js';
import type { SessionId } from '../../src/types/ids.js';
import type { SimClient } from './client.js';
import { RATE_ERROR } from './sim-member.js';
import type { World } from './world.js';

/** An election, the countdowns of a new leader, and the ticks until an end is proposed. */
const SLACK_MS = 2_000;

export class SessionChecks {
  readonly #world: World;
  readonly #clients: readonly SimClient[];
  readonly #problem: (text: string) => void;
  readonly #ended = new Set<SessionId>();
  /** The epoch of each session when it was last seen. */
  readonly #epochs = new Map<SessionId, number>();

  constructor(world: World, clients: readonly SimClient[], problem: (text: string) => void) {
    this.#world = world;
    this.#clients = clients;
    this.#problem = problem;
  }

  /** Whoever has applied most has applied more. */
  step(tree: Tree): void {
    for (const client of this.#clients) {
      const { session } = client;
      if (session === undefined || this.#ended.has(session) || tree.revision < session) continue;
      const view = tree.session(session);
      if (view !== undefined) this.#epochs.set(session, view.epoch);
      else {
        this.#ended.add(session);
        this.#checkEnd(client);
      }
    }
  }

  #checkEnd(client: SimClient): void {
    const nowMs = this.#world.monotonicMs();
    const livedMs = nowMs - client.aliveFromMs;
    if (client.isClosing || isOver(livedMs, client.options.timeoutMs)) return;
    if (this.#isGraceOver(client, nowMs)) return;
    const lived = `${livedMs.toFixed(1)} ms after an acknowledged sign of life`;
    const { timeoutMs, graceMs } = client.options;
    this.#problem(`the session of ${client.name} (${timeoutMs}/${graceMs}) ended ${lived}`);
  }

  #isGraceOver(client: SimClient, nowMs: number): boolean {
    const { graceMs } = client.options;
    const isCurrentOpen = this.#epochs.get(client.session!) === client.liveEpoch;
    if (graceMs === 0 || isCurrentOpen) return false;
    return client.closesMs.some((closedMs) => isOver(nowMs - closedMs, graceMs));
  }

  /** `healedAtMs`: before this, there may have been nobody to end a session. */
  final(tree: Tree, healedAtMs: number): void {
    const nowMs = this.#world.monotonicMs();
    const owners = new Map(this.#clients.map((client) => [client.session, client]));
    for (const { id, timeoutMs } of tree.sessions()) {
      const owner = owners.get(id);
      // Without an owner: its client died before it was told that it has a session.
      const diedAtMs = owner === undefined ? 0 : (owner.diedAtMs ?? nowMs);
      const silentMs = nowMs - Math.max(diedAtMs, healedAtMs);
      if (silentMs > timeoutMs * (1 + RATE_ERROR) + SLACK_MS)
        this.#problem(`session ${id} of ${owner?.name} lives, and nobody for ${silentMs} ms`);
    }
  }
}

function isOver(elapsedMs: number, lengthMs: number): boolean {
  return elapsedMs >= lengthMs / (1 + RATE_ERROR);
}
