/**
 * What of a batch of events a connection may see: each event is checked against the access list that its
 * node had when it happened (contract W11). Connections with the same identities share what is left, so
 * that a face encodes it once for them too.
 */
import type { Tree } from '../tree/tree.js';
import type { EventBatch } from '../types/event.js';
import { READ } from '../types/node.js';
import type { Gate } from './gate.js';
import type { Watch } from './watch.js';

export class Visibility {
  readonly #tree: Tree;
  /** By identities; undefined where nothing is left. */
  readonly #cut = new WeakMap<EventBatch, Map<string, EventBatch | undefined>>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Whether everyone who watches there may see all of it: the common case. */
  isOpen(batch: EventBatch, path: string): boolean {
    return this.#isOpenAt(path) && batch.events.every(({ aclId }) => aclId === 0);
  }

  /** The very batch when all of it may be seen, undefined when nothing may. */
  ofBatch(batch: EventBatch, { gate, channel }: Watch): EventBatch | undefined {
    // Who may not list a place any more learns no names from it either.
    if (!this.#isOpenAt(channel.path) && !this.#tree.mayRead(channel.path, gate.identities))
      return undefined;
    if (batch.events.every(({ aclId }) => aclId === 0)) return batch;
    const known = this.#cut.get(batch) ?? new Map<string, EventBatch | undefined>();
    this.#cut.set(batch, known);
    if (!known.has(gate.identityKey)) known.set(gate.identityKey, this.#cutFor(batch, gate));
    return known.get(gate.identityKey);
  }

  #isOpenAt(path: string): boolean {
    return (this.#tree.aclIdOf(path) ?? 0) === 0;
  }

  #cutFor(batch: EventBatch, { identities }: Gate): EventBatch | undefined {
    const events = batch.events.filter(({ aclId }) => this.#tree.allows(aclId, READ, identities));
    if (events.length === batch.events.length) return batch;
    return events.length === 0 ? undefined : { revision: batch.revision, events };
  }
}
