/** The watches of one connection: what is said of all of them at once, and of which it is meant. */
import { expect, test } from 'vitest';
import { Vitals } from '../../src/client/core/vitals.js';
import { TreeWatch } from '../../src/client/core/watch.js';
import { WatchSet } from '../../src/client/core/watch-set.js';
import type { WatchEvent } from '../../src/client/index.js';
import type * as wire from '../../src/gen/index.js';
import { firstChoice, TestTime } from './test-time.js';
import { TwinCluster } from './twin.js';

function setUp() {
  const vitals = new Vitals(0);
  const watches = new WatchSet({
    ...{ time: new TestTime(), random: firstChoice, vitals, seen: { revision: 0 } },
    changed: () => undefined,
  });
  let ids = 0;
  const takeId = (): number => ++ids;
  const send = () => {
    const started = watches.takeMessages(takeId);
    return [...started, ...watches.followed([], takeId)];
  };
  return { watches, send };
}

function eventsAt(revision: number): wire.WatchResponse {
  const cluster = new TwinCluster([]);
  cluster.revision = revision - 1;
  cluster.change('/n', 'x');
  const event = { type: 2, node: cluster.nodeMessage('/n'), cause: 'client' };
  return { events: { revision, events: [event] } } as unknown as wire.WatchResponse;
}

test('a bookmark that was on its way before the member knew of a watch costs it no event', () => {
  const { watches, send } = setUp();
  const watch = new TreeWatch(watches, '/n', { from: 5 });
  const told: WatchEvent[] = [];
  watch.deliverTo({ event: (event) => void told.push(event), ended: () => undefined });
  const messages = send();
  const started = messages.find((message) => message.watch !== undefined)!;
  watches.confirm(9);
  expect([watch.revision, watch.isLive]).toEqual([5, false]);
  watches.receive(started.id, eventsAt(7));
  expect(told).toMatchObject([{ type: 'change', revision: 7 }]);
  watches.confirm(9);
  expect([watch.revision, watch.isLive]).toEqual([9, true]);
});

test('a watch that has nothing to tell is live once the read sent behind it is answered', () => {
  const { watches, send } = setUp();
  const watch = new TreeWatch(watches, '/n', { from: 5 });
  const messages = send();
  expect(messages.map(({ watch: started, get }) => [started?.path, get?.path])).toEqual([
    ['/n', undefined],
    [undefined, '/'],
  ]);
  watches.answered(messages[0]!.id);
  watches.confirm(9);
  expect(watch.isLive).toBe(false);
  watches.answered(messages[1]!.id);
  watches.confirm(9);
  expect([watch.revision, watch.isLive]).toEqual([9, true]);
});

test('a snapshot says of itself that the member knows of the watch: no read is sent behind it', () => {
  const { watches, send } = setUp();
  new TreeWatch(watches, '/n', {});
  expect(send().map(({ get }) => get)).toEqual([undefined]);
});
