/** Everything that is read as it comes: bounded, one way to end each, and nothing left behind. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { reader } from '../../src/client/core/reader.js';
import { StateCell } from '../../src/client/core/states.js';
import { TreeWatch } from '../../src/client/core/watch.js';
import { followRoll } from '../../src/client/discovery/roll.js';
import type { RollEvent, WatchEvent, WatchOptions } from '../../src/client/index.js';
import { encodeInstance } from '../../src/codec/instance.js';
import type * as wire from '../../src/gen/index.js';
import { statFrom } from '../../src/rpc/convert.js';
import { RollcallError } from '../../src/types/errors.js';
import { settle, TestTime } from './test-time.js';

type End = 'close' | 'abort' | 'return' | 'break';

function setUpWatch(options: WatchOptions = {}) {
  const running = new Set<TreeWatch>();
  const host = {
    startWatch: (watch: TreeWatch) => void running.add(watch),
    stopWatch: (watch: TreeWatch) => void running.delete(watch),
  };
  const watch = new TreeWatch(host, '/s', { scope: 'children', ...options });
  const changes = (count: number, from = 1): void => {
    for (let i = 0; i < count; i++) watch.receive(changed(from + i));
  };
  return { host, running, watch, changes };
}

function changed(revision: number): wire.WatchResponse {
  const data = encodeInstance({
    ...{ service: 's', id: 'i', address: 'h', port: 1, ports: {}, protocol: 'http', weight: 1 },
    ...{ basePath: '', zone: '', tags: {}, state: 'UP', registeredAt: revision },
  });
  const stat = { ...statFrom(undefined), createRevision: 1, modifyRevision: revision };
  const node = { path: '/s/i', data, stat } as unknown as wire.Node;
  return { events: { revision, events: [{ type: 1, node, cause: 'client' }] } } as never;
}

function snapshot(revision: number): wire.WatchResponse {
  return { snapshot: { nodes: [], revision, complete: true, marked: false } } as never;
}

/** A reader that waits, and ends when told: by what ended it, or never. */
async function ends<T>(items: AsyncIterable<T>, end: (iterator: AsyncIterator<T>) => unknown) {
  const iterator = items[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await settle();
  await end(iterator);
  const late = new Promise<string>((resolve) => setTimeout(resolve, 1_000, 'it still waits'));
  return Promise.race([waiting, late]);
}

const OVER = { done: true, value: undefined };

describe('a reader of states', () => {
  test('that lags is shown the latest in place of what it missed', async () => {
    const cell = new StateCell(0);
    const states = cell.reader();
    expect((await states.next()).value).toBe(0);
    for (let i = 1; i <= 10_000; i++) cell.set(i);
    expect((await states.next()).value).toBe(10_000);
  });

  test.each<End>(['close', 'abort', 'return'])(
    'that waits ends by %s, with no listener left',
    async (end) => {
      const cell = new StateCell(0);
      const controller = new AbortController();
      const states = cell.reader(controller.signal);
      await states.next();
      const waiting = ends(states, () => {
        if (end === 'close') cell.close(1);
        else if (end === 'abort') controller.abort();
        else return states.return?.();
        return undefined;
      });
      expect(await waiting).toEqual(end === 'close' ? { done: false, value: 1 } : OVER);
      expect(await states.next()).toEqual(OVER);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    },
  );

  test('that was never begun holds nothing', async () => {
    const { signal } = new AbortController();
    const states = new StateCell(0).reader(signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(await states.return?.()).toEqual(OVER);
    expect(await states.next()).toEqual(OVER);
  });
});

describe('a reader of anything', () => {
  test('is given the failure of what it reads once, and then the end', async () => {
    const { signal } = new AbortController();
    const items = reader<number>(async function* () {
      yield 1;
      throw new RollcallError('DENIED', 'no');
    }, signal);
    expect((await items.next()).value).toBe(1);
    await expect(items.next()).rejects.toThrow('DENIED');
    expect(await items.next()).toEqual(OVER);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('that was aborted before it began ends at once', async () => {
    const items = reader(async function* (over) {
      if (!over.aborted) yield 1;
    }, AbortSignal.abort());
    expect(await items.next()).toEqual(OVER);
  });
});

describe('a watch', () => {
  test.each<End>(['close', 'abort', 'return'])('ends for its waiting reader by %s', async (end) => {
    const controller = new AbortController();
    const { watch, running } = setUpWatch({ signal: controller.signal });
    const result = await ends(watch, (iterator) => {
      if (end === 'close') return watch.close();
      if (end === 'abort') return controller.abort();
      return iterator.return?.();
    });
    expect(result).toEqual(OVER);
    expect(running.size).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('is released by a loop that breaks', async () => {
    const { signal } = new AbortController();
    const { watch, running, changes } = setUpWatch({ signal });
    watch.receive(snapshot(1));
    changes(3, 2);
    for await (const event of watch) if (event.type === 'snapshot') break;
    expect(running.size).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(watch.describe().buffered).toBe(0);
  });

  test('has one reader at a time, and says so to a second', async () => {
    const { watch } = setUpWatch();
    const first = watch[Symbol.asyncIterator]();
    expect(() => watch[Symbol.asyncIterator]()).toThrow('one reader at a time');
    expect(() => watch.subscribe(() => undefined)).toThrow('one reader at a time');
    await first.return?.();
    for await (const _ of watch) expect.unreachable('it was closed');
  });

  test('past its buffer starts again with a marked snapshot when its reader comes back', async () => {
    const { watch, running, changes } = setUpWatch({ buffer: 4 });
    const events = watch[Symbol.asyncIterator]();
    watch.receive(snapshot(1));
    expect((await events.next()).value).toMatchObject({ type: 'snapshot', marked: false });
    changes(1_000, 2);
    expect([running.size, watch.describe().buffered]).toEqual([0, 0]);
    const next = events.next();
    await settle();
    expect(running.size).toBe(1);
    watch.receive(snapshot(2_000));
    expect((await next).value).toMatchObject({ type: 'snapshot', revision: 2_000, marked: true });
  });

  test('past its buffer fails, if that was asked for', async () => {
    const { watch, running, changes } = setUpWatch({ buffer: 4, onOverflow: 'fail' });
    watch.receive(snapshot(1));
    changes(10, 2);
    expect(running.size).toBe(0);
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'OVERLOADED',
    });
  });
});

describe('a subscription to a watch', () => {
  test('is told everything in order, from the first event on', async () => {
    const { watch, changes } = setUpWatch();
    watch.receive(snapshot(1));
    const told: WatchEvent['type'][] = [];
    watch.subscribe(({ type }) => told.push(type));
    await settle();
    changes(2, 2);
    expect(told).toEqual(['snapshot', 'change', 'change']);
  });

  test('that is disposed is told no more, and the watch is closed', async () => {
    const { watch, running } = setUpWatch();
    const told: (RollcallError | undefined)[] = [];
    const subscription = watch.subscribe(
      () => undefined,
      (error) => told.push(error),
    );
    await settle();
    subscription[Symbol.dispose]();
    expect([running.size, told]).toEqual([0, [undefined]]);
  });

  test('is told why it cannot go on, even when that was before', async () => {
    const { watch } = setUpWatch();
    watch.fail(new RollcallError('DENIED', 'no'));
    const told: unknown[] = [];
    watch.subscribe(
      () => undefined,
      (error) => told.push(error?.code),
    );
    await settle();
    expect(told).toEqual(['DENIED']);
  });
});

describe('a roll', () => {
  const follow = (options: WatchOptions = {}, signal?: AbortSignal) => {
    const parts: ReturnType<typeof setUpWatch>[] = [];
    const watch = (_path: string, over: AbortSignal): TreeWatch => {
      const made = setUpWatch({ ...options, signal: over });
      parts.push(made);
      return made.watch;
    };
    return { roll: followRoll({ time: new TestTime(), watch }, 's', { signal }), parts };
  };

  test('starts nothing before it is read', async () => {
    const { roll, parts } = follow();
    expect(parts).toEqual([]);
    await roll[Symbol.asyncIterator]().return?.();
    expect(parts).toEqual([]);
  });

  test('ends for its waiting reader by return, and lets go of its watch', async () => {
    const { signal } = new AbortController();
    const { roll, parts } = follow({}, signal);
    expect(await ends(roll, (iterator) => iterator.return?.())).toEqual(OVER);
    expect(parts[0]!.running.size).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('that is read too slowly goes on with what differs, marked', async () => {
    const { roll, parts } = follow({ buffer: 2 });
    const events = roll[Symbol.asyncIterator]() as AsyncIterator<RollEvent>;
    const first = events.next();
    await settle();
    const { watch, changes } = parts[0]!;
    watch.receive(snapshot(1));
    expect((await first).value).toMatchObject({ type: 'snapshot', marked: false });
    changes(10, 2);
    const next = events.next();
    await settle();
    watch.receive(snapshot(20));
    expect((await next).value).toMatchObject({ type: 'snapshot', marked: true, revision: 20 });
  });
});
