/**
 * A client that asks and asks and reads nothing. The call is one that never takes a byte, which no real
 * connection can be held to; the member behind it is real.
 */
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Callers } from '../../../src/faces/grpc/callers.js';
import { InstanceBytes } from '../../../src/faces/grpc/instance-bytes.js';
import { Pulse } from '../../../src/faces/grpc/pulse.js';
import { SnapshotQueue } from '../../../src/faces/grpc/snapshot-queue.js';
import { SessionStream } from '../../../src/faces/grpc/stream.js';
import { codec } from '../../../src/rpc/definitions.js';
import { Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

class UnreadCall extends EventEmitter {
  written = 0;

  getPeer(): string {
    return '127.0.0.1:1';
  }

  /** `done` is never called: the bytes stay here. */
  write(bytes: Buffer): boolean {
    this.written += bytes.length;
    return false;
  }

  end(): void {}
}

function frameOf(operations: number) {
  const nonsense = Array.from({ length: operations }, (_, i) => ({ id: i + 1, get: { path: '' } }));
  return codec('StreamRequest').decode(codec('StreamRequest').encode({ operations: nonsense }));
}

it('is sent away before its refusals fill the memory, however few frames they came in', () => {
  const { service, metrics } = harness.member;
  const call = new UnreadCall();
  const ends: unknown[] = [];
  call.on('error', (end) => ends.push(end));
  const shared = { longCalls: new Set<never>(), waiting: { total: 0 }, pulse: new Pulse() };
  const begun = { snapshots: new SnapshotQueue(), instances: new InstanceBytes() };
  const callers = new Callers(service, metrics);
  const context = { service, metrics, callers, ...shared, ...begun };
  new SessionStream(context, call as never);
  const frame = frameOf(10_000);
  for (let i = 0; i < 30 && ends.length === 0; i++) call.emit('data', frame);
  expect(ends).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
  expect(call.written).toBeLessThan(16 * 1024 * 1024);
});
