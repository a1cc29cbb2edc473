/** A discovery view: what it believes through losses, gaps and empty answers. */
import { describe, expect, test } from 'vitest';
import { NO_LOG } from '../../src/client/core/log.js';
import { TreeWatch } from '../../src/client/core/watch.js';
import { ServiceDiscovery } from '../../src/client/discovery/discovery.js';
import type { DiscoveryState, InstanceFilter, InstanceList } from '../../src/client/index.js';
import { encodeInstance } from '../../src/codec/instance.js';
import type * as wire from '../../src/gen/index.js';
import { statFrom } from '../../src/rpc/convert.js';
import { RollcallError } from '../../src/types/errors.js';
import type { InstanceState } from '../../src/types/instance.js';
import { firstChoice, settle, TestTime } from './test-time.js';

function setUp(filter?: InstanceFilter, signal?: AbortSignal) {
  const time = new TestTime();
  const reads: { resolve: (list: InstanceList) => void; reject: (error: unknown) => void }[] = [];
  let watch: TreeWatch | undefined;
  const host = {
    time,
    random: firstChoice,
    watch: (path: string, signal: AbortSignal | undefined) => {
      const calls = { startWatch: () => undefined, stopWatch: () => undefined };
      watch = new TreeWatch(calls, path, { scope: 'subtree', signal });
      return watch;
    },
    read: () =>
      new Promise<InstanceList>((resolve, reject) => {
        reads.push({ resolve, reject });
      }),
    closed: () => undefined,
    log: NO_LOG,
  };
  const discovery = new ServiceDiscovery(host, 's', { filter, signal, balancer: 'round-robin' });
  const seen: string[] = [];
  discovery.subscribe(({ state, instances }) => {
    seen.push(`${state} ${instances.map(({ id }) => id)}`);
  });
  return { discovery, time, reads, watch: watch!, seen };
}

function node(id: string, state: InstanceState = 'UP'): wire.Node {
  const data = encodeInstance({
    ...{ service: 's', id, address: '127.0.0.1', port: 80, ports: {}, protocol: 'http' },
    ...{ basePath: '', weight: 100, zone: '', tags: {}, state, registeredAt: 0 },
  });
  return { path: `/services/s/${id}`, data, stat: statFrom(undefined) as unknown as wire.Stat };
}

function snapshot(revision: number, nodes: readonly wire.Node[]): wire.WatchResponse {
  const found = nodes.map((each) => ({ node: each, override: undefined }));
  return { snapshot: { nodes: found, revision, complete: true, marked: false } } as never;
}

function event(revision: number, type: number, changed: wire.Node): wire.WatchResponse {
  const events = [{ type, node: changed, cause: 'expiry', override: undefined }];
  return { events: { revision, events } } as never;
}

const states = (seen: readonly string[]) =>
  seen.map((each) => each.split(' ')[0] as DiscoveryState);

describe('a view', () => {
  test('is pending until the first snapshot, then live', () => {
    const { discovery, watch, seen } = setUp();
    expect(discovery.state).toBe('PENDING');
    expect(() => discovery.pick()).toThrow(/NO_INSTANCE.*ready/);
    watch.receive(snapshot(5, [node('a'), node('b')]));
    expect(seen).toEqual(['LIVE a,b']);
    expect([discovery.revision, discovery.ageMs]).toEqual([5, 0]);
  });

  test('keeps what it knows while it is stale, and says for how long', async () => {
    const { discovery, time, watch, seen } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.doubt(1_600);
    await time.advance(400);
    expect([discovery.state, discovery.ageMs]).toEqual(['STALE', 2_000]);
    expect(discovery.pick().id).toBe('a');
    watch.confirm(6);
    expect(states(seen)).toEqual(['LIVE', 'STALE', 'LIVE']);
  });

  test('that is stale is not live by late changes or lists, only by the word of a leader', () => {
    const { discovery, watch } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.doubt(1_600);
    watch.receive(event(6, 0, node('b')));
    expect([discovery.state, discovery.instances.length]).toEqual(['STALE', 2]);
    watch.receive(snapshot(7, [node('b')]));
    expect([discovery.state, discovery.instances.length]).toEqual(['STALE', 1]);
    watch.confirm(8);
    expect(discovery.state).toBe('LIVE');
  });

  test('whose first list came from a member without a leader says so', () => {
    const { discovery, watch } = setUp();
    watch.doubt(1_600);
    expect(discovery.state).toBe('PENDING');
    watch.receive(snapshot(5, [node('a')]));
    expect(discovery.state).toBe('STALE');
  });

  test('picks only instances that are UP', () => {
    const { discovery, watch } = setUp();
    const others = (['STARTING', 'DRAINING', 'DOWN'] as const).map((state) => node(state, state));
    watch.receive(snapshot(5, [...others, node('a')]));
    expect(discovery.instances.length).toBe(4);
    for (let i = 0; i < 8; i++) expect(discovery.pick().id).toBe('a');
    watch.receive(event(6, 2, node('a')));
    expect(() => discovery.pick()).toThrow('none of 3 known instances');
  });
});

describe('an empty list', () => {
  test('is confirmed only by a linearizable read', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, []));
    expect(discovery.state).not.toBe('CONFIRMED_EMPTY');
    reads[0]!.resolve({ instances: [], revision: 6 });
    await settle();
    expect(discovery.state).toBe('CONFIRMED_EMPTY');
  });

  test('after a gap replaces nothing until it is confirmed', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.receive(snapshot(9, []));
    expect(discovery.pick().id).toBe('a');
    reads[0]!.reject(new RollcallError('UNAVAILABLE', 'not now'));
    await settle();
    expect(discovery.pick().id).toBe('a');
  });

  test('after a gap is STALE, not LIVE, until it is confirmed, whatever the cluster says of itself', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.receive(snapshot(9, []));
    watch.confirm(12);
    expect([discovery.state, discovery.revision, discovery.pick().id]).toEqual(['STALE', 5, 'a']);
    reads[0]!.resolve({ instances: [], revision: 10 });
    await settle();
    expect([discovery.state, discovery.instances.length]).toEqual(['CONFIRMED_EMPTY', 0]);
  });

  test('after a gap ends with whoever joins next: those from before are gone', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.receive(snapshot(9, []));
    watch.receive(event(11, 0, node('b')));
    reads[0]!.resolve({ instances: [], revision: 10 });
    await settle();
    expect([discovery.state, discovery.instances.map(({ id }) => id)]).toEqual(['LIVE', ['b']]);
  });

  test('is not confirmed by an answer from before the gap', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(2, []));
    watch.receive(event(5, 0, node('a')));
    watch.receive(snapshot(9, []));
    reads[0]!.resolve({ instances: [], revision: 3 });
    await settle();
    expect(discovery.pick().id).toBe('a');
  });

  test('is asked about again until the cluster answers', async () => {
    const { discovery, time, watch, reads } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.receive(snapshot(9, []));
    reads[0]!.reject(new RollcallError('UNAVAILABLE', 'not now'));
    await settle();
    await time.advance(1_000);
    reads[1]!.resolve({ instances: [], revision: 10 });
    await settle();
    expect([discovery.state, discovery.instances.length]).toEqual(['CONFIRMED_EMPTY', 0]);
  });

  test('by leaves in the log is believed, and confirmed', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    watch.receive(event(6, 2, node('a')));
    expect(discovery.instances).toEqual([]);
    reads[0]!.resolve({ instances: [], revision: 6 });
    await settle();
    expect(discovery.state).toBe('CONFIRMED_EMPTY');
    watch.receive(event(7, 0, node('b')));
    expect([discovery.state, discovery.pick().id]).toEqual(['LIVE', 'b']);
  });

  test('that was answered before something joined is not believed', async () => {
    const { discovery, watch, reads } = setUp();
    watch.receive(snapshot(5, []));
    watch.receive(event(7, 0, node('a')));
    reads[0]!.resolve({ instances: [], revision: 6 });
    await settle();
    expect(discovery.pick().id).toBe('a');
  });
});

describe('whoever waits for it', () => {
  test('gets it when enough are UP', async () => {
    const { discovery, watch } = setUp();
    const ready = discovery.ready({ min: 2 });
    watch.receive(snapshot(5, [node('a'), node('b', 'STARTING')]));
    await settle();
    watch.receive(event(6, 1, node('b')));
    expect((await ready).instances.length).toBe(2);
  });

  test('is told what is missing at the deadline', async () => {
    const { discovery, watch } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    await expect(discovery.ready({ min: 2, timeoutMs: 5 })).rejects.toThrow(
      '1 instances UP, 2 wanted',
    );
  });

  test('is told when the watch is refused', async () => {
    const { discovery, watch } = setUp();
    const ready = discovery.ready();
    watch.fail(new RollcallError('DENIED', 'not yours'));
    await expect(ready).rejects.toMatchObject({ code: 'DENIED' });
    const iterated = (async () => {
      for await (const _ of discovery);
    })();
    await expect(iterated).rejects.toMatchObject({ code: 'DENIED' });
  });

  test('is let go when its signal was aborted before it began', async () => {
    const { discovery } = setUp(undefined, AbortSignal.abort());
    expect(discovery.state).toBe('CLOSED');
    for await (const _ of discovery) throw new Error('nothing is to be seen');
    await expect(discovery.ready()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('is let go when it is closed', async () => {
    const { discovery, watch } = setUp();
    watch.receive(snapshot(5, [node('a')]));
    const iterated = (async () => {
      const all = [];
      for await (const set of discovery) all.push(set.instances.length);
      return all;
    })();
    await settle();
    await discovery.close();
    expect(await iterated).toEqual([1]);
    await expect(discovery.ready()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
