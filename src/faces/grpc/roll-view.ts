/**
 * One subscriber's view of a service: what is to be said of snapshots and changes. Without a filter every
 * subscriber sees the same, so those bytes are encoded once a batch. With a filter an instance joins and
 * leaves as it begins and ceases to pass. What is long is encoded piece by piece, as the reader takes it.
 */
import { decodeInstance } from '../../codec/instance.js';
import { decodeSettings } from '../../codec/settings.js';
import * as wire from '../../gen/index.js';
import { settingsMessage } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import { MessageWriter } from '../../rpc/message-writer.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { EventBatch } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import { ROLL_PART_BYTES_MAX } from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';
import { NO_SETTINGS } from '../../types/settings.js';
import { cutByBytes } from './event-bytes.js';
import type { InstanceBytes } from './instance-bytes.js';
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
  readonly #instances: InstanceBytes;
  /** With a filter, after a snapshot: ids that passed. */
  #inside: Set<string> | undefined;
  /** With a filter, until then: ids that did not pass when they were seen last. Of others nothing is known. */
  readonly #outside = new Set<string>();
  /** Revision of the settings told last; undefined: none were. */
  #settings: Revision | undefined;

  /** `path`: of the service. */
  constructor(path: string, filter: InstanceFilter | undefined, instances: InstanceBytes) {
    this.#path = path;
    this.#filter = filter;
    this.#instances = instances;
  }

  *snapshot({ instances, service, revision, marked }: ServiceSnapshot): Generator<Buffer> {
    if (this.#filter !== undefined) this.#inside = new Set();
    this.#outside.clear();
    const parts = cutByBytes(instances, ROLL_PART_BYTES_MAX);
    for (const [i, nodes] of parts.entries()) {
      const shown = this.#filter === undefined ? nodes : nodes.filter((node) => this.#admit(node));
      const encoded = shown.flatMap((node) => this.#instances.of(node) ?? []);
      yield snapshotBytes(encoded, { revision, marked, more: i < parts.length - 1 });
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

  /** Whether it passes the filter; then it is inside from now on. */
  #admit(node: TreeNode): boolean {
    const instance = decodeInstance(node);
    if (instance === undefined || !passes(instance, this.#filter)) return false;
    this.#inside?.add(instance.id);
    return true;
  }

  /** After a snapshot it is known; a reader that goes on without one may have been told of any. */
  #wasInside({ type, instance: { id } }: RollChange): boolean {
    if (this.#inside !== undefined) return this.#inside.has(id);
    return type !== wire.ChangeType.JOIN && !this.#outside.has(id);
  }

  /** The change as this subscriber sees it. */
  #see(change: RollChange): RollChange | undefined {
    const { id } = change.instance;
    const left = change.type === wire.ChangeType.LEAVE;
    const wasInside = this.#wasInside(change);
    const isInside = !left && passes(change.instance, this.#filter);
    if (isInside) this.#inside?.add(id);
    else this.#inside?.delete(id);
    if (this.#inside === undefined && !left && !isInside) this.#outside.add(id);
    else this.#outside.delete(id);
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

const writer = new MessageWriter();
const SNAPSHOT = (1 << 3) | 2;
const INSTANCES = (1 << 3) | 2;
const REVISION = 2 << 3;
const MARKED = 3 << 3;
const MORE = 4 << 3;

/** A SubscribeResponse of a snapshot whose instances are encoded already. */
function snapshotBytes(
  instances: readonly Buffer[],
  flags: { readonly revision: Revision; readonly marked: boolean; readonly more: boolean },
): Buffer {
  const snapshot = writer.begin(SNAPSHOT);
  for (const instance of instances) writer.block(INSTANCES, instance);
  writer.uint(REVISION, flags.revision);
  writer.uint(MARKED, Number(flags.marked));
  writer.uint(MORE, Number(flags.more));
  writer.end(snapshot);
  return writer.take();
}

export function subscribeBytes(response: Outgoing<wire.SubscribeResponse>): Buffer {
  return codec('SubscribeResponse').encode(response);
}
