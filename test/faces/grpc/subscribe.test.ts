/**
 * Catalog.Subscribe on a real member and a real connection: settings, slow readers, and services so large
 * that no message holds them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../src/client/index.js';
import { ChangeType, type SubscribeResponse } from '../../../src/gen/index.js';
import { services } from '../../../src/rpc/definitions.js';
import { eventually, Harness, type Incoming, type Talk } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const { Catalog, Tree } = services;

/** What a careful reader shows: only whole snapshots and whole revisions. */
class Shown {
  readonly roll = new Map<string, number>();
  readonly #snapshot: [string, number][] = [];

  take({ snapshot, changes }: SubscribeResponse): void {
    for (const { id, weight } of snapshot?.instances ?? []) this.#snapshot.push([id, weight]);
    if (snapshot?.more === false) {
      this.roll.clear();
      for (const [id, weight] of this.#snapshot.splice(0)) this.roll.set(id, weight);
    }
    for (const { type, instance } of changes?.changes ?? []) {
      const { id, weight } = instance!;
      if (type === ChangeType.LEAVE) this.roll.delete(id);
      else this.roll.set(id, weight);
    }
  }
}

const LIVENESS = ['bookmark', 'stale', 'live'];

/** What it says of the service. */
function next(roll: Incoming<SubscribeResponse>): Promise<SubscribeResponse> {
  return roll.next(({ kind }) => !LIVENESS.includes(kind!));
}

async function settingsOf(roll: Incoming<SubscribeResponse>) {
  const { settings } = await roll.next((message) => message.settings !== undefined);
  return settings;
}

describe('settings', () => {
  it('come after the first snapshot and at every change, joins in between or not', async () => {
    const roll = harness.follow(Catalog.Subscribe, { service: 's1' });
    expect((await next(roll)).kind).toBe('snapshot');
    expect(await settingsOf(roll)).toMatchObject({ policy: '', revision: 0 });
    const set = (policy: string) =>
      harness.call(Catalog.SetService, { service: 's1', settings: { policy } });
    const { revision } = await set('p2c');
    expect(await settingsOf(roll)).toMatchObject({ policy: 'p2c', revision });
    await harness.call(Catalog.Register, { service: 's1', id: 'x', port: 1, static: true });
    expect((await next(roll)).changes?.changes[0]?.instance?.id).toBe('x');
    await set('random');
    expect(await settingsOf(roll)).toMatchObject({ policy: 'random' });
    roll.cancel();
    const late = harness.follow(Catalog.Subscribe, { service: 's1' });
    const first = await next(late);
    expect(first.snapshot?.instances.map(({ id }) => id)).toEqual(['x']);
    expect(await settingsOf(late)).toMatchObject({ policy: 'random' });
    late.cancel();
  });

  it('are no instance, and neither is what stands below one', async () => {
    await harness.call(Catalog.Register, { service: 's2', id: 'x', port: 1, static: true });
    await harness.call(Tree.Create, { path: '/services/s2/x/below' });
    const roll = harness.follow(Catalog.Subscribe, { service: 's2' });
    const first = await next(roll);
    expect(first.snapshot?.instances.map(({ id }) => id)).toEqual(['x']);
    await harness.call(Tree.Set, { path: '/services/s2/x/below', data: Buffer.from('1') });
    await harness.call(Catalog.Register, { service: 's2', id: 'y', port: 1, static: true });
    const { changes } = await roll.next((message) => message.changes !== undefined);
    expect(changes!.changes.map(({ instance }) => instance?.id)).toEqual(['y']);
    roll.cancel();
  });
});

describe('a reader that stops reading', () => {
  it('is told of each instance once, without a snapshot, while others hear everything', async () => {
    const service = 'slow';
    const register = (weight: number) => {
      const tags = { note: 'x'.repeat(2_000) };
      const spec = { service, id: `i${weight % 10}`, port: 1, weight, tags };
      return harness.call(Catalog.Register, { ...spec, static: true, takeover: true });
    };
    for (let i = 0; i < 10; i++) await register(i);
    const slow = harness.follow(Catalog.Subscribe, { service });
    const fast = harness.follow(Catalog.Subscribe, { service });
    await settingsOf(slow);
    await settingsOf(fast);
    slow.pause();
    const heard: number[] = [];
    const hearUpTo = async (end: number) => {
      while ((heard.at(-1) ?? 0) < end) {
        const { changes } = await fast.next((message) => message.changes !== undefined);
        expect(changes!.coalesced).toBe(false);
        heard.push(changes!.revision);
      }
    };
    for (let i = 10; i < 1_000; i += 30) {
      const burst = await Promise.all(Array.from({ length: 30 }, (_, k) => register(i + k)));
      // It reads along: nothing of it waits when the next burst comes.
      await hearUpTo(Math.max(...burst.map(({ revision }) => revision)));
    }
    const last = await register(1_000);
    await hearUpTo(last.revision);
    expect(heard).toHaveLength(991);
    slow.resume();
    const shown = new Shown();
    const messages: SubscribeResponse[] = [];
    for (let revision = 0; revision < last.revision; ) {
      const message = await slow.next((each) => each.changes !== undefined || !!each.snapshot);
      messages.push(message);
      shown.take(message);
      expect(message.snapshot).toBeUndefined();
      ({ revision } = message.changes!);
    }
    expect(messages.some(({ changes }) => changes!.coalesced)).toBe(true);
    expect(messages.length).toBeLessThan(400);
    expect(shown.roll.get('i0')).toBe(1_000);
    slow.cancel();
    fast.cancel();
  });
});

const MANY = 20_000;

/** Pipelined, a thousand at a time. */
async function registerMany(talk: Talk, service: string): Promise<void> {
  for (let from = 1; from <= MANY; from += 1_000) {
    const operations = Array.from({ length: 1_000 }, (_, k) => ({
      id: from + k,
      seq: from + k,
      timeoutMs: 30_000,
      register: { service, id: `${from + k}`, port: 1, tags: { zone: 'a', rack: `${k}` } },
    }));
    talk.send({ operations, ackedSeq: from });
    await talk.response(from + 999);
  }
}

describe('a service of 20 000 instances', () => {
  it('goes through Subscribe, Instances and the SDK, and its end is one revision', async () => {
    const service = 'many';
    const talk = harness.stream();
    talk.send({ operations: [{ id: MANY + 1, open: { secret: Buffer.alloc(16, 5) } }] });
    await talk.response(MANY + 1);
    await registerMany(talk, service);
    const pages: number[] = [];
    const ids = new Set<string>();
    for (let after = ''; pages.length === 0 || after !== ''; ) {
      const page = await harness.call(Catalog.Instances, { service, after });
      for (const { id } of page.instances) ids.add(id);
      pages.push(page.instances.length);
      after = page.nextAfter;
    }
    expect([ids.size, Math.max(...pages)]).toEqual([MANY, 1_000]);
    const roll = harness.follow(Catalog.Subscribe, { service });
    const shown = new Shown();
    while (shown.roll.size === 0) shown.take(await roll.next());
    expect(shown.roll.size).toBe(MANY);
    const client = connect(harness.address);
    const watch = client.watch(`/services/${service}`, { scope: 'children', buffer: MANY });
    const told: [string, number][] = [];
    const next = watch[Symbol.asyncIterator]();
    /** Reads on, however long it takes, to the next event that says something of nodes. */
    const hear = async () => {
      for (;;) {
        const { value: event } = await next.next();
        if (event?.type === 'snapshot') return told.push([event.type, event.nodes.length]);
        if (event?.type === 'change') return told.push([event.type, event.changes.length]);
      }
    };
    await hear();
    talk.send({ operations: [{ id: MANY + 2, seq: MANY + 1, close: {}, timeoutMs: 30_000 }] });
    const revisions = new Set<number>();
    let parts = 0;
    for (let more = true; more; parts++) {
      const message = await roll.next((each) => each.changes !== undefined);
      shown.take(message);
      revisions.add(message.changes!.revision);
      ({ more } = message.changes!);
    }
    expect([shown.roll.size, revisions.size, parts > 1]).toEqual([0, 1, true]);
    await hear();
    expect(told).toEqual([
      ['snapshot', MANY],
      ['change', MANY],
    ]);
    await client.close();
    talk.cancel();
    roll.cancel();
    await eventually(() => harness.member.service.status().watches === 0);
  }, 60_000);
});
