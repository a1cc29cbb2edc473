/**
 * Goal: what acts on a service by itself sees every change with the list after it, and an empty list only when it
 * is so. Method: a roll that says what it is told to, and reads that answer, fail, or know better.
 */
import { expect, it } from 'vitest';
import { type Change, changesOf, type Roll } from '../../../src/cli/watch/changes.js';
import type { Instance, InstanceList, RollEvent } from '../../../src/client/index.js';
import { RollcallError } from '../../../src/types/errors.js';
import { asRevision } from '../../../src/types/ids.js';
import { instance } from '../instances.js';

const AT = 1_700_000_000_000;
const revision = asRevision;

function made(id: string, created: number): Instance {
  return instance({ id, createRevision: revision(created), revision: revision(created) });
}

function snapshot(at: number, instances: readonly Instance[], marked = false): RollEvent {
  return { type: 'snapshot', time: AT, revision: revision(at), instances, marked };
}

function join(at: number, id: string, marked = false): RollEvent {
  return { type: 'join', time: AT, revision: revision(at), instance: made(id, at), marked };
}

function leave(at: number, instance: Instance, marked = false): RollEvent {
  return { type: 'leave', time: AT, revision: revision(at), instance, reason: 'closed', marked };
}

type Read = InstanceList | RollcallError;

async function see(events: readonly RollEvent[], reads: Read[] = []): Promise<string[]> {
  const roll: Roll = {
    async *roll() {
      yield* events;
    },
    async instances() {
      const read = reads.shift();
      if (read === undefined) throw new Error('was not to be read');
      if (read instanceof RollcallError) throw read;
      return read;
    },
  };
  const seen: string[] = [];
  for await (const change of changesOf(roll, 'web', new AbortController().signal)) {
    seen.push(describe(change));
  }
  return seen;
}

function describe({ event, instances }: Change): string {
  const ids = instances.map(({ id }) => id).join(',');
  return `${event.type} ${event.revision} [${ids}]`;
}

it('shows the list, then each change with the list after it, in the order of joining', async () => {
  const a = made('a', 3);
  const events = [snapshot(5, [made('b', 1), a]), join(6, 'c'), leave(7, a)];
  expect(await see(events)).toEqual(['snapshot 5 [b,a]', 'join 6 [b,a,c]', 'leave 7 [b,c]']);
});

it('passes over what is no change of the list', async () => {
  const stale: RollEvent = { type: 'stale', time: AT, revision: revision(5), ageMs: 2_000 };
  const live: RollEvent = { type: 'live', time: AT, revision: revision(6) };
  expect(await see([snapshot(5, [made('a', 1)]), stale, live])).toEqual(['snapshot 5 [a]']);
});

it('after a gap shows the list alone, not the differences as well', async () => {
  const a = made('a', 1);
  const events = [snapshot(5, [a]), leave(9, a, true), join(8, 'b', true), snapshot(9, [], true)];
  const read = { instances: [made('b', 8)], revision: 9 };
  expect(await see(events, [read])).toEqual(['snapshot 5 [a]', 'snapshot 9 [b]']);
});

it('shows that the last one left: the log says so', async () => {
  const a = made('a', 1);
  expect(await see([snapshot(5, [a]), leave(6, a)])).toEqual(['snapshot 5 [a]', 'leave 6 []']);
});

it('shows an empty list only once a linearizable read has confirmed it', async () => {
  const unsure = new RollcallError('NO_QUORUM', 'nobody leads');
  const reads = [unsure, { instances: [], revision: 7 }];
  expect(await see([snapshot(5, [])], reads)).toEqual(['snapshot 7 []']);
});

it('believes the read where a lagging member shows nothing, and shows nothing twice', async () => {
  const a = made('a', 4);
  const events = [snapshot(3, []), join(4, 'a'), join(6, 'b')];
  const reads = [{ instances: [a], revision: 5 }];
  expect(await see(events, reads)).toEqual(['snapshot 5 [a]', 'join 6 [a,b]']);
});

it('does not believe a read of before the list', async () => {
  const a = made('a', 4);
  const reads = [
    { instances: [], revision: 3 },
    { instances: [a], revision: 6 },
  ];
  expect(await see([snapshot(5, [])], reads)).toEqual(['snapshot 6 [a]']);
});

it('fails when it may not read', async () => {
  const denied = new RollcallError('DENIED', 'not for you');
  await expect(see([snapshot(5, [])], [denied])).rejects.toThrow('DENIED');
});
