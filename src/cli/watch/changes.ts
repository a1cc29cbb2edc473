/**
 * The changes of a service, each with the list after it, for what acts on them without a person looking.
 * Invariant: a list is empty only when its last instance left in the log, or when a linearizable read has
 * confirmed it: neither a lost connection nor a member that lags ever empties it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Instance, RollEvent } from '../../client/index.js';
import { isRollcallError } from '../../types/errors.js';
import { note } from '../output.js';

/** What it needs of a client. */
export type Roll = Pick<Client, 'roll' | 'instances'>;

export type Movement = RollEvent & { readonly type: 'snapshot' | 'join' | 'change' | 'leave' };

export interface Change {
  readonly event: Movement;
  /** After it, in the order of joining. */
  readonly instances: readonly Instance[];
}

const CONFIRM_RETRY_MS = 1_000;

/** The list first, then every change; after a gap the list again, marked. Ends when `signal` aborts. */
export async function* changesOf(
  client: Roll,
  service: string,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  const list = new Map<string, Instance>();
  let known = 0;
  for await (const event of client.roll(service, { signal })) {
    if (!isMovement(event) || event.revision <= known) continue;
    const sure = await confirmed(client, { service, event }, signal);
    if (sure === undefined) return;
    // What a later read has shown already is not shown again.
    if (sure !== event) known = sure.revision;
    apply(list, sure);
    yield { event: sure, instances: [...list.values()].sort(byJoining) };
  }
}

/** Differences that were worked out after a gap are left to the list that follows them. */
function isMovement(event: RollEvent): event is Movement {
  if (event.type === 'stale' || event.type === 'live') return false;
  return event.type === 'snapshot' || !event.marked;
}

/** An empty list is believed once a linearizable read says the same or better. undefined: given up. */
async function confirmed(
  client: Roll,
  { service, event }: { readonly service: string; readonly event: Movement },
  signal: AbortSignal,
): Promise<Movement | undefined> {
  if (event.type !== 'snapshot' || event.instances.length > 0) return event;
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      const { instances, revision } = await client.instances(service, { signal });
      if (revision >= event.revision) return { ...event, instances, revision };
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isRollcallError(error) || !error.retryable) throw error;
      if (isFirst)
        note(`rollcall: ${service}: an empty list waits to be confirmed: ${error.message}`);
    }
    await sleep(CONFIRM_RETRY_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

function apply(list: Map<string, Instance>, event: Movement): void {
  if (event.type === 'snapshot') {
    list.clear();
    for (const instance of event.instances) list.set(instance.id, instance);
  } else if (event.type === 'leave') list.delete(event.instance.id);
  else list.set(event.instance.id, event.instance);
}

function byJoining(a: Instance, b: Instance): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}
