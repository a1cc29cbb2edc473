/**
 * What of a batch of events a connection may see. Each event is checked against the access list that its
 * node had when it happened and the one it has now (contract W11), and against the lists on the way to it,
 * as a listing would be. Connections with the same identities share what is left, so that a face encodes it
 * once for them too.
 */
import type { Tree } from '../../tree/tree.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import { HISTORY_EVENTS_MAX } from '../../types/limits.js';
import { READ } from '../../types/node.js';
import { parentPath } from '../../types/path.js';
import type { Channel } from './channel.js';
import type { Watch } from './watch.js';

export class Visibility {
  readonly #tree: Tree;
  /** By place and identities, undefined where nothing is left; as lists stand at a revision. */
  #cut = new WeakMap<EventBatch, Map<string, EventBatch | undefined>>();
  #cutAt = 0;
  /** Lists that nodes had when they last went: the history still tells of what was below them. */
  readonly #gone = new Map<string, number>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Of everything that happens, before any of it is shown. */
  note(events: readonly TreeEvent[]): void {
    for (const { type, path, aclId } of events) {
      if (type !== 'deleted') continue;
      if (aclId !== 0) this.#noteGone(path, aclId);
      else if (this.#gone.size > 0) this.#gone.delete(path);
    }
  }

  /** Whether everyone who watches there may see all of it: the common case. */
  isOpen(batch: EventBatch, channel: Channel): boolean {
    if (!this.#tree.hasAccessLists) return true;
    return batch.events.every(this.#seen(channel, (aclId) => aclId === 0));
  }

  /** The very batch when all of it may be seen, undefined when nothing may. */
  ofBatch(batch: EventBatch, watch: Watch): EventBatch | undefined {
    const { channel, gate } = watch;
    if (this.isOpen(batch, channel)) return batch;
    if (this.#cutAt !== this.#tree.revision) {
      this.#cut = new WeakMap();
      this.#cutAt = this.#tree.revision;
    }
    const known = this.#cut.get(batch) ?? new Map<string, EventBatch | undefined>();
    this.#cut.set(batch, known);
    const key = `${channel.key}\n${gate.identityKey}`;
    if (!known.has(key)) known.set(key, this.#cutFor(batch, watch));
    return known.get(key);
  }

  #noteGone(path: string, aclId: number): void {
    this.#gone.delete(path);
    this.#gone.set(path, aclId);
    if (this.#gone.size <= HISTORY_EVENTS_MAX) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      return;
    }
  }

  #cutFor(batch: EventBatch, { gate: { identities }, channel }: Watch): EventBatch | undefined {
    const isReader = (aclId: number) => this.#tree.allows(aclId, READ, identities);
    const events = batch.events.filter(this.#seen(channel, isReader));
    if (events.length === batch.events.length) return batch;
    return events.length === 0 ? undefined : { revision: batch.revision, events };
  }

  /**
   * Whether an event is for those whom a list must allow: the node's, and those on the way to it, from the
   * watched one down, whose names show where it is shown. Each place is looked up once for all events.
   */
  #seen(channel: Channel, allows: (aclId: number) => boolean): (event: TreeEvent) => boolean {
    const known = new Map<string, Place>();
    return ({ type, path, aclId, stat: { createRevision } }) => {
      if (!allows(aclId)) return false;
      let place: Place | undefined = this.#placeAt(path, channel, known);
      // The last list of what went is its event's own.
      if (type === 'deleted') place = place?.above;
      for (; place !== undefined; place = place.above) {
        // Made after the node: then it is not what the node was in (or the node itself), but stands there now.
        const isAnother = place.since > createRevision;
        if (!allows(isAnother ? place.formerly : place.now)) return false;
      }
      return true;
    };
  }

  #placeAt(path: string, channel: Channel, known: Map<string, Place>): Place | undefined {
    const unknown: string[] = [];
    let at: string | undefined = path;
    while (at !== undefined && at.length >= channel.path.length && !known.has(at)) {
      unknown.push(at);
      at = parentPath(at);
    }
    let above = at === undefined ? undefined : known.get(at);
    for (let name = unknown.pop(); name !== undefined; name = unknown.pop()) {
      const formerly = this.#gone.get(name) ?? 0;
      const { since, aclId: now } = this.#tree.accessAt(name) ?? { since: 0, aclId: formerly };
      above = { above, since, now, formerly };
      known.set(name, above);
    }
    return above;
  }
}

/** A node on the way to others, or where one was. */
interface Place {
  readonly above: Place | undefined;
  /** When what stands there was made. */
  readonly since: number;
  /** Its list… */
  readonly now: number;
  /** …and that of what stood there before. */
  readonly formerly: number;
}
