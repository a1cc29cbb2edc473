/**
 * What happens when all that waits for slow subscribers passes its bound. The calls take bytes only when told
 * to, which no real connection can be held to; the member behind them is real.
 */
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Callers } from '../../../src/faces/grpc/callers.js';
import { InstanceBytes } from '../../../src/faces/grpc/instance-bytes.js';
import { Pulse } from '../../../src/faces/grpc/pulse.js';
import { SnapshotQueue } from '../../../src/faces/grpc/snapshot-queue.js';
import { subscribe } from '../../../src/faces/grpc/subscription.js';
import type { SubscribeResponse } from '../../../src/gen/index.js';
import { codec, services } from '../../../src/rpc/definitions.js';
import { SNAPSHOTS_AT_ONCE_MAX, SUBSCRIPTIONS_WAITING_MAX } from '../../../src/types/limits.js';
import { eventually, Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

class HeldCall extends EventEmitter {
  readonly request: object;
  readonly messages: SubscribeResponse[] = [];
  /** Instances of snapshots. */
  shown = 0;
  readonly errors: { readonly details: string }[] = [];
  #untaken: (() => void)[] = [];

  constructor(service: string) {
    super();
    this.request = codec('SubscribeRequest').decode(codec('SubscribeRequest').encode({ service }));
    this.on('error', (error) => this.errors.push(error));
  }

  getPeer(): string {
    return '127.0.0.1:1';
  }

  write(bytes: Buffer, taken: () => void): boolean {
    const message = codec('SubscribeResponse').decode(bytes);
    this.messages.push(message);
    this.shown += message.snapshot?.instances.length ?? 0;
    this.#untaken.push(taken);
    return false;
  }

  /** Everything written so far is read. */
  take(): void {
    for (const taken of this.#untaken.splice(0)) taken();
  }

  end(): void {}

  get kinds(): string[] {
    const liveness = ['bookmark', 'stale', 'live'];
    return this.messages.map(({ kind }) => kind!).filter((kind) => !liveness.includes(kind));
  }
}

function contextWith(waiting: { total: number }) {
  const { service, metrics } = harness.member;
  const callers = new Callers(service, metrics);
  const begun = { snapshots: new SnapshotQueue(), instances: new InstanceBytes() };
  const shared = { longCalls: new Set<never>(), pulse: new Pulse(), waiting };
  return { service, metrics, callers, ...shared, ...begun };
}

/** Its tag alone is more than a connection may owe. */
const register = (service: string, id: string, size = 700_000) =>
  harness.call(services.Catalog.Register, {
    service,
    id,
    port: 1,
    static: true,
    tags: { large: 'x'.repeat(size) },
  });

it('changes that wait are given up for a marked snapshot once the reader reads again', async () => {
  await register('w1', 'a');
  const waiting = { total: SUBSCRIPTIONS_WAITING_MAX - 1 };
  const call = new HeldCall('w1');
  expect(subscribe(contextWith(waiting) as never, call as never)).toBeUndefined();
  await eventually(() => call.kinds.length === 1);
  for (const id of ['b', 'c']) await register('w1', id, 1);
  expect(waiting.total).toBe(SUBSCRIPTIONS_WAITING_MAX);
  expect(call.kinds).toEqual(['snapshot']);
  // Others have caught up: there is room for this reader's snapshot.
  waiting.total -= 100;
  await eventually(() => {
    call.take();
    return call.kinds.length === 5;
  });
  const snapshots = call.messages.flatMap(({ snapshot }) => snapshot ?? []);
  const shown = snapshots.map(({ marked, instances }) => [marked, instances.map(({ id }) => id)]);
  expect(shown).toEqual([
    [false, ['a']],
    [true, ['a']],
    [true, ['b', 'c']],
  ]);
  call.emit('cancelled');
  expect([waiting.total, call.errors]).toEqual([SUBSCRIPTIONS_WAITING_MAX - 101, []]);
});

it('who has no changes to give up is sent away, and leaves nothing behind', async () => {
  for (const id of ['a', 'b', 'c']) await register('w2', id);
  const waiting = { total: SUBSCRIPTIONS_WAITING_MAX };
  const call = new HeldCall('w2');
  expect(subscribe(contextWith(waiting) as never, call as never)).toBeUndefined();
  await eventually(() => call.errors.length === 1);
  expect(call.errors[0]!.details).toMatch('slow subscribers');
  await eventually(() => waiting.total === SUBSCRIPTIONS_WAITING_MAX);
});

it('a crowd that begins at once is shown everything, a few at a time', async () => {
  const count = 2_000;
  const ids = Array.from({ length: count }, (_, i) => `i${i}`);
  for (let at = 0; at < count; at += 500)
    await Promise.all(ids.slice(at, at + 500).map((id) => register('w3', id, 1)));
  const free = 2 * SNAPSHOTS_AT_ONCE_MAX * count;
  const waiting = { total: SUBSCRIPTIONS_WAITING_MAX - free };
  const context = contextWith(waiting) as never;
  const crowd = Array.from({ length: 40 }, () => new HeldCall('w3'));
  for (const call of crowd) subscribe(context, call as never);
  await eventually(() => {
    for (const call of crowd) call.take();
    return crowd.every((call) => call.shown === count || call.errors.length > 0);
  });
  expect(crowd.flatMap(({ errors }) => errors)).toEqual([]);
  for (const call of crowd) call.emit('cancelled');
  expect(waiting.total).toBe(SUBSCRIPTIONS_WAITING_MAX - free);
});

it('a reader that takes nothing holds up the others for a moment only', async () => {
  for (const id of ['a', 'b']) await register('w4', id);
  const context = contextWith({ total: 0 }) as never;
  const slow = Array.from({ length: SNAPSHOTS_AT_ONCE_MAX }, () => new HeldCall('w4'));
  const prompt = new HeldCall('w4');
  for (const call of [...slow, prompt]) subscribe(context, call as never);
  await eventually(() => slow.every(({ kinds }) => kinds.length === 1));
  expect(prompt.kinds).toEqual([]);
  await eventually(() => {
    prompt.take();
    return prompt.kinds.length === 3;
  });
  for (const call of [...slow, prompt]) call.emit('cancelled');
});
