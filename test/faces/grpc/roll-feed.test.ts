/**
 * Goal: whatever a subscriber reads and however slowly, what it was told adds up to the roll as it is, it is
 * told of no instance twice, of none that left before it heard of it, and what waits for it stays small.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeInstance } from '../../../src/codec/instance.js';
import { InstanceBytes } from '../../../src/faces/grpc/instance-bytes.js';
import { RollFeed } from '../../../src/faces/grpc/roll-feed.js';
import { RollView } from '../../../src/faces/grpc/roll-view.js';
import { ChangeType, type SubscribeResponse } from '../../../src/gen/index.js';
import { statFrom } from '../../../src/rpc/convert.js';
import { codec } from '../../../src/rpc/definitions.js';
import type { Delivery } from '../../../src/server/service.js';
import type { EventType, TreeEvent } from '../../../src/types/event.js';
import { asRevision } from '../../../src/types/ids.js';
import type { TreeNode } from '../../../src/types/node.js';

const PATH = '/services/s';
const { JOIN, CHANGE, LEAVE } = ChangeType;

function dataOf(id: string, weight: number): Uint8Array {
  const place = { service: 's', id, address: '10.0.0.1', port: 1, ports: {}, protocol: 'http' };
  const rest = { basePath: '', zone: weight % 2 === 0 ? 'even' : 'odd', tags: {}, registeredAt: 0 };
  return encodeInstance({ ...place, ...rest, weight, state: 'UP' });
}

/** The nodes of one service, changed one at a time. */
class Roll {
  readonly nodes = new Map<string, TreeNode>();
  revision = 0;

  /** Joins, changes or leaves, as the id stands. */
  change(id: string, act: 'change' | 'leave'): TreeEvent {
    const path = `${PATH}/${id}`;
    const held = this.nodes.get(path);
    const revision = asRevision(++this.revision);
    const type: EventType =
      held === undefined ? 'created' : act === 'leave' ? 'deleted' : 'changed';
    const createRevision = held?.stat.createRevision ?? revision;
    const stat = { ...statFrom(undefined), createRevision, modifyRevision: revision };
    const data = type === 'deleted' ? held!.data : dataOf(id, this.revision);
    if (type === 'deleted') this.nodes.delete(path);
    else this.nodes.set(path, { path, data, stat });
    return { type, path, revision, ordinal: 0, stat, data, cause: 'client', aclId: 0 };
  }

  snapshot(marked = false): Delivery {
    const revision = asRevision(this.revision);
    const flags = { complete: true, marked, restarted: false };
    return { type: 'snapshot', watch: 1, nodes: [...this.nodes.values()], revision, ...flags };
  }
}

const eventsOf = (event: TreeEvent): Delivery => ({
  type: 'events',
  watch: 1,
  batch: { revision: event.revision, events: [event] },
});

/** Applies what it is told, and insists that it makes sense. */
class Reader {
  readonly feed: RollFeed;
  readonly roll = new Map<string, number>();
  readonly messages: SubscribeResponse[] = [];
  readonly #zone: string;

  constructor(zone = '') {
    const filter = zone === '' ? undefined : { tags: [], zone, states: [] };
    this.#zone = zone;
    this.feed = new RollFeed(PATH, new RollView(PATH, filter, new InstanceBytes()));
  }

  give(delivery: Delivery, hasRoom: boolean): void {
    for (const bytes of this.feed.take(delivery, hasRoom)) this.#read(bytes);
  }

  pull(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count; i++) {
      const bytes = this.feed.next();
      if (bytes === undefined) return;
      this.#read(bytes);
    }
  }

  #read(bytes: Buffer): void {
    const message = codec('SubscribeResponse').decode(bytes);
    this.messages.push(message);
    if (message.snapshot !== undefined) {
      this.roll.clear();
      for (const { id, createRevision } of message.snapshot.instances)
        this.roll.set(id, createRevision);
    }
    for (const { type, instance } of message.changes?.changes ?? []) {
      const { id, createRevision, zone } = instance!;
      expect([id, type !== JOIN]).toEqual([id, this.roll.has(id)]);
      if (type === LEAVE) this.roll.delete(id);
      else {
        if (type === CHANGE) expect(this.roll.get(id)).toBe(createRevision);
        if (this.#zone !== '') expect(zone).toBe(this.#zone);
        this.roll.set(id, createRevision);
      }
    }
  }
}

function expected(roll: Roll, zone: string): Map<string, number> {
  const held = [...roll.nodes.values()].filter(({ data }) =>
    Buffer.from(data).includes(`"zone":"${zone}`),
  );
  return new Map(held.map(({ path, stat }) => [path.slice(PATH.length + 1), stat.createRevision]));
}

const step = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  act: fc.constantFrom('change' as const, 'leave' as const),
  hasRoom: fc.boolean(),
  pulls: fc.nat(3),
  snapshot: fc.integer({ min: 0, max: 20 }).map((n) => n === 0),
});

describe('a subscriber of any speed', () => {
  it('is told what adds up to the roll, with and without a filter', () => {
    const zones = fc.constantFrom('', 'even');
    fc.assert(
      fc.property(zones, fc.array(step, { maxLength: 60 }), (zone, steps) => {
        const roll = new Roll();
        const reader = new Reader(zone);
        roll.change('a', 'change');
        reader.give(roll.snapshot(), true);
        for (const { id, act, hasRoom, pulls, snapshot } of steps) {
          const event = roll.change(id, act);
          reader.give(snapshot ? roll.snapshot(true) : eventsOf(event), hasRoom);
          reader.pull(pulls);
          expect(reader.feed.size).toBeLessThanOrEqual(4 * 4);
        }
        reader.pull();
        expect(reader.roll).toEqual(expected(roll, zone));
        expect(reader.feed.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('hears every single change while it keeps up', () => {
    const roll = new Roll();
    const reader = new Reader();
    reader.give(roll.snapshot(), true);
    reader.pull();
    for (let i = 0; i < 10; i++) reader.give(eventsOf(roll.change('a', 'change')), true);
    const changes = reader.messages.flatMap((message) => message.changes ?? []);
    expect(changes.map(({ revision, coalesced }) => [revision, coalesced])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, false]),
    );
  });
});

describe('a subscriber with a filter that goes on from a revision', () => {
  /** What it is told of one instance that is in the zone when its weight is even. */
  function heardOf(acts: readonly ('change' | 'leave')[], begun: number): [number, string][] {
    const roll = new Roll();
    const feed = new RollFeed(
      PATH,
      new RollView(PATH, { tags: [], zone: 'even', states: [] }, new InstanceBytes()),
    );
    const told: [number, string][] = [];
    for (const [i, act] of acts.entries()) {
      const delivery = eventsOf(roll.change('a', act));
      if (i < begun) continue;
      for (const bytes of feed.take(delivery, true))
        for (const { type, reason } of codec('SubscribeResponse').decode(bytes).changes!.changes)
          told.push([type, reason]);
    }
    return told;
  }

  it('is told once that an instance does not pass, and that it joins when it does', () => {
    const acts = ['change', 'change', 'change', 'change'] as const;
    expect(heardOf(acts, 2)).toEqual([
      [LEAVE, 'filtered'],
      [JOIN, ''],
    ]);
    expect(heardOf([...acts, 'leave', 'change', 'change', 'change'], 4)).toEqual([
      [LEAVE, 'deregistered'],
      [JOIN, ''],
      [LEAVE, 'filtered'],
      [JOIN, ''],
    ]);
  });

  it('is told nothing of an instance that joins and does not pass', () => {
    expect(heardOf(['change', 'leave'], 0)).toEqual([]);
  });
});

describe('a slow subscriber', () => {
  function slow(): { roll: Roll; reader: Reader } {
    const roll = new Roll();
    roll.change('old', 'change');
    const reader = new Reader();
    reader.give(roll.snapshot(), true);
    reader.pull();
    reader.messages.length = 0;
    return { roll, reader };
  }

  const heard = ({ messages }: Reader) =>
    messages.flatMap(({ changes }) =>
      (changes?.changes ?? []).map(({ type, instance }) => [type, instance!.id]),
    );

  it('is told of many changes of one instance once, up to the latest revision', () => {
    const { roll, reader } = slow();
    for (let i = 0; i < 1_000; i++) reader.give(eventsOf(roll.change('old', 'change')), false);
    expect(reader.feed.size).toBe(1);
    reader.pull();
    expect(heard(reader)).toEqual([[CHANGE, 'old']]);
    expect(reader.messages[0]!.changes).toMatchObject({ revision: roll.revision, coalesced: true });
    expect(reader.messages[0]!.changes!.changes[0]!.instance!.weight).toBe(roll.revision);
  });

  it('is told nothing of who came and went, and holds nothing for them', () => {
    const { roll, reader } = slow();
    for (let i = 0; i < 1_000; i++) {
      reader.give(eventsOf(roll.change(`brief-${i}`, 'change')), false);
      reader.give(eventsOf(roll.change(`brief-${i}`, 'leave')), false);
    }
    expect(reader.feed.size).toBe(0);
    reader.pull();
    expect(heard(reader)).toEqual([]);
  });

  it('sees an id that came again leave and join, and a new one join', () => {
    const { roll, reader } = slow();
    reader.give(eventsOf(roll.change('old', 'leave')), false);
    reader.give(eventsOf(roll.change('new', 'change')), false);
    reader.give(eventsOf(roll.change('new', 'change')), false);
    reader.give(eventsOf(roll.change('old', 'change')), false);
    reader.pull();
    expect(heard(reader)).toEqual([
      [LEAVE, 'old'],
      [JOIN, 'new'],
      [JOIN, 'old'],
    ]);
  });

  it('is never told that it has everything while something waits', () => {
    const { roll, reader } = slow();
    reader.give(eventsOf(roll.change('old', 'change')), false);
    reader.give({ type: 'stale', ageMs: 2_000 }, false);
    reader.give({ type: 'bookmark', revision: asRevision(roll.revision) }, false);
    reader.give({ type: 'live', revision: asRevision(roll.revision) }, false);
    expect(reader.messages.map(({ kind }) => kind)).toEqual(['stale']);
    reader.pull();
    expect(reader.messages.map(({ kind }) => kind)).toEqual(['stale', 'changes', 'live']);
    reader.give({ type: 'bookmark', revision: asRevision(roll.revision) }, true);
    expect(reader.messages.at(-1)?.bookmark).toBe(roll.revision);
  });

  it('is not told LIVE when it went STALE again before it could be', () => {
    const { roll, reader } = slow();
    reader.give(eventsOf(roll.change('old', 'change')), false);
    reader.give({ type: 'live', revision: asRevision(roll.revision) }, false);
    reader.give({ type: 'stale', ageMs: 2_000 }, false);
    reader.pull();
    expect(reader.messages.map(({ kind }) => kind)).toEqual(['stale', 'changes']);
  });

  it('gets a marked snapshot for changes that were given up, and nothing in between', () => {
    const { roll, reader } = slow();
    reader.give(eventsOf(roll.change('old', 'change')), false);
    expect(reader.feed.giveUp()).toBe(true);
    expect(reader.feed.giveUp()).toBe(false);
    reader.give(eventsOf(roll.change('new', 'change')), true);
    reader.pull();
    expect([reader.messages, reader.feed.needsSnapshot]).toEqual([[], true]);
    reader.give(roll.snapshot(), true);
    reader.give(eventsOf(roll.change('newer', 'change')), true);
    reader.pull();
    expect(reader.messages.map(({ kind }) => kind)).toEqual(['snapshot', 'settings', 'changes']);
    expect(reader.messages[0]!.snapshot!.marked).toBe(true);
    expect(reader.roll).toEqual(expected(roll, ''));
  });
});

describe('settings', () => {
  const node = (revision: number, version: number, text: string): TreeEvent => ({
    type: 'changed',
    path: PATH,
    revision: asRevision(revision),
    ordinal: 0,
    stat: { ...statFrom(undefined), modifyRevision: asRevision(revision), version },
    data: Buffer.from(text),
    cause: 'operator',
    aclId: 0,
  });

  it('are told after the snapshot, at every change, and once for many while the reader is slow', () => {
    const reader = new Reader();
    reader.give(new Roll().snapshot(), true);
    reader.pull();
    reader.give(eventsOf(node(5, 1, '{"policy":"p2c"}')), true);
    reader.give(eventsOf(node(6, 2, '{"policy":"random"}')), false);
    reader.give(eventsOf(node(7, 3, '{"policy":"hash"}')), false);
    reader.pull();
    const told = reader.messages.flatMap(({ settings }) => settings ?? []);
    expect(told.map(({ policy, version, revision }) => [policy, version, revision])).toEqual([
      ['', 0, 0],
      ['p2c', 1, 5],
      ['hash', 3, 7],
    ]);
  });

  it('are none again when the service goes', () => {
    const reader = new Reader();
    reader.give(eventsOf(node(5, 1, '{"policy":"p2c"}')), true);
    reader.give(eventsOf({ ...node(8, 1, '{"policy":"p2c"}'), type: 'deleted' }), true);
    const told = reader.messages.flatMap(({ settings }) => settings ?? []);
    expect(told.map(({ policy, revision }) => [policy, revision])).toEqual([
      ['p2c', 5],
      ['', 0],
    ]);
  });
});
