/**
 * What happens when all that waits for slow subscribers passes its bound. The calls take bytes only when told
 * to, which no real connection can be held to; the member behind them is real.
 */
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Callers } from '../../../src/faces/grpc/callers.js';
import { Pulse } from '../../../src/faces/grpc/pulse.js';
import { subscribe } from '../../../src/faces/grpc/subscription.js';
import type { SubscribeResponse } from '../../../src/gen/index.js';
import { codec, services } from '../../../src/rpc/definitions.js';
import { SUBSCRIPTIONS_WAITING_MAX } from '../../../src/types/limits.js';
import { eventually, Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

class HeldCall extends EventEmitter {
  readonly request: object;
  readonly messages: SubscribeResponse[] = [];
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
    this.messages.push(codec('SubscribeResponse').decode(bytes));
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
  return { service, metrics, callers, longCalls: new Set<never>(), pulse: new Pulse(), waiting };
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
    return call.kinds.length === 4;
  });
  const snapshots = call.messages.flatMap(({ snapshot }) => snapshot ?? []);
  const shown = snapshots.map(({ marked, instances }) => [marked, instances.map(({ id }) => id)]);
  expect(shown).toEqual([
    [false, ['a']],
    [true, ['a', 'b', 'c']],
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
