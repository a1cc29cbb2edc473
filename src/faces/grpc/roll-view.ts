/**
 * One subscriber's view of a service: what is to be said of snapshots and changes. Without a filter every
 * subscriber sees the same, so those bytes are encoded once a batch. With a filter an instance joins and
 * leaves as it begins and ceases to pass. What is long is encoded piece by piece, as the reader takes it.
 */
import { decodeSettings } from '../../codec/settings.js';
import * as wire from '../../gen/index.js';
import { instanceMessage, settingsMessage } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { EventBatch } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import type { TreeNode } from '../../types/node.js';
import { NO_SETTINGS } from '../../types/settings.js';
import { instancesOf } from './catalog-responses.js';
import { cutByBytes } from './event-bytes.js';
import { type InstanceFilter, passes } from './instance-filter.js';
import type { Caught } from './roll-backlog.js';
import { changeMessage, changeOf, instanceEvents, type RollChange } from './roll-changes.js';
import type { ServiceSnapshot } from './roll-snapshot.js';

/** Still there, and no longer what the subscriber asked for. */
const FILTERED = 'filtered';

const unfilteredBytes = new WeakMap<EventBatch, readonly Buffer[]>();

type Translate = (change: RollChange) => RollChange | undefined;

export class RollView {
  readonly #path: string;
  readonly #filter: InstanceFilter | undefined;
  /** With a filter, after a snapshot: ids that passed. Without a snapshot all ids count as passed. */
  #inside: Set<string> | undefined;
  /** Revision of the settings told last; undefined: none were. */
  #settings: Revision | undefined;

  /** `path`: of the service. */
  constructor(path: string, filter: InstanceFilter | undefined) {
    this.#path = path;
    this.#filter = filter;
  }

  *snapshot({ instances, service, revision, marked }: ServiceSnapshot): Generator<Buffer> {
    if (this.#filter !== undefined) this.#inside = new Set();
    const parts = cutByBytes(instances);
    for (const [i, nodes] of parts.entries()) {
      const shown = instancesOf(nodes, this.#filter);
      for (const { id } of shown) this.#inside?.add(id);
      const more = i < parts.length - 1;
      const snapshot = { instances: shown.map(instanceMessage), revision, marked, more };
      yield subscribeBytes({ snapshot });
    }
    this.#settings = undefined;
    yield* this.settings(service);
  }

  /** All of one revision, at once. */
  changes(batch: EventBatch): readonly Buffer[] {
    if (this.#filter === undefined) return sharedBytes(batch, this.#path);
    return changesBytes(batch, this.#path, (change) => this.#see(change));
  }

  *caughtUp({ told, revision, coalesced }: Caught): Generator<Buffer> {
    const seen = told.flatMap(({ event, change }) => {
      const { path, data, override } = event;
      const shown = this.#filter === undefined ? change : this.#see(change);
      return shown === undefined ? [] : [{ path, data, shown, ...(override && { override }) }];
    });
    const parts = cutByBytes(seen);
    for (const [i, part] of parts.entries()) {
      if (part.length === 0) return;
      const changes = part.map(({ shown }) => changeMessage(shown));
      const more = i < parts.length - 1;
      yield subscribeBytes({ changes: { revision, changes, more, coalesced } });
    }
  }

  /** `service`: the node that holds them, undefined when there is none. Nothing when they are known. */
  settings(service: TreeNode | undefined): readonly Buffer[] {
    const { stat, data } = service ?? {};
    const isSet = stat !== undefined && data !== undefined && (data.length > 0 || stat.version > 0);
    const revision = isSet ? stat.modifyRevision : (0 as Revision);
    if (revision === this.#settings) return [];
    this.#settings = revision;
    const settings = (isSet ? decodeSettings(data) : undefined) ?? NO_SETTINGS;
    const version = stat?.version ?? 0;
    return [subscribeBytes({ settings: settingsMessage(settings, { version, revision }) })];
  }

  /** The change as this subscriber sees it. */
  #see(change: RollChange): RollChange | undefined {
    const { id } = change.instance;
    const left = change.type === wire.ChangeType.LEAVE;
    const wasInside = this.#inside === undefined || this.#inside.has(id);
    const isInside = !left && passes(change.instance, this.#filter);
    if (isInside) this.#inside?.add(id);
    else this.#inside?.delete(id);
    if (isInside) return wasInside ? change : { ...change, type: wire.ChangeType.JOIN };
    if (!wasInside) return undefined;
    return left ? change : { ...change, type: wire.ChangeType.LEAVE, reason: FILTERED };
  }
}

function sharedBytes(batch: EventBatch, path: string): readonly Buffer[] {
  let parts = unfilteredBytes.get(batch);
  if (parts === undefined) {
    parts = changesBytes(batch, path, (change) => change);
    unfilteredBytes.set(batch, parts);
  }
  return parts;
}

function changesBytes(batch: EventBatch, path: string, see: Translate): readonly Buffer[] {
  const { revision } = batch;
  const parts = cutByBytes(instanceEvents(batch, path))
    .map((part) => part.map((event) => see(changeOf(event))).filter((seen) => seen !== undefined))
    .filter((changes) => changes.length > 0);
  return parts.map((seen, i) => {
    const changes = seen.map(changeMessage);
    return subscribeBytes({ changes: { revision, changes, more: i < parts.length - 1 } });
  });
}

export function subscribeBytes(response: Outgoing<wire.SubscribeResponse>): Buffer {
  return codec('SubscribeResponse').encode(response);
}
