/**
 * The network of the simulator under faults, with time in the test's hands: the same seed gives the same run, and
 * each fault does what its name says.
 */
import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import type { MemoryTransport } from '../../src/transport/memory-transport.js';
import {
  CALM_POLICY,
  createRandomPolicy,
  type NetworkPolicy,
  NO_FAULTS,
} from '../../src/transport/network-policy.js';
import type { Random } from '../../src/types/ports.js';
import { CLUSTER, forward, heartbeat, memberId, Recorder } from '../contract/transport.js';

/** Runs what is due in order of time, then of scheduling. */
class Timeline {
  now = 0;
  #due: { at: number; fn: () => void }[] = [];

  schedule = (delayMs: number, fn: () => void): void => {
    this.#due.push({ at: this.now + delayMs, fn });
  };

  run(untilMs: number): void {
    for (;;) {
      const next = this.#due.reduce<{ at: number; fn: () => void } | undefined>(
        (best, item) => (best === undefined || item.at < best.at ? item : best),
        undefined,
      );
      if (next === undefined || next.at > untilMs) break;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.now = next.at;
      next.fn();
    }
    this.now = untilMs;
  }
}

function seeded(seed: number): Random {
  let state = seed;
  return {
    below: (bound) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    },
  };
}

const A = memberId('a');
const B = memberId('b');

interface End {
  readonly transport: MemoryTransport;
  readonly recorder: Recorder;
}

function bench(policy: NetworkPolicy) {
  const time = new Timeline();
  const network = new MemoryNetwork({ schedule: time.schedule, policy });
  const start = (name: string): End => {
    const self = { id: memberId(name), name };
    const transport = network.join({ self, clusterId: CLUSTER });
    const recorder = new Recorder();
    transport.setPeers(
      ['a', 'b'].map((peer) => ({ id: memberId(peer), name: peer, peerAddress: `${peer}:1` })),
    );
    transport.start(recorder);
    return { transport, recorder };
  };
  const a = start('a');
  const b = start('b');
  time.run(100);
  return { time, network, start, a, b };
}

const numbers = ({ recorder }: End): number[] =>
  recorder.received.flatMap(({ message }) => (message.type === 'forward' ? [message.first] : []));

function sendMany({ transport }: End, count: number): void {
  for (let i = 1; i <= count; i++) transport.send(B, [forward(i)]);
}

const ALL = Array.from({ length: 200 }, (_, i) => i + 1);

describe('network in memory', () => {
  it('gives the same run for the same seed', () => {
    const trace = (seed: number): string => {
      const faults = { delayMsMax: 50, loss: 1000, duplicate: 500, overtake: 2000, silentDeath: 0 };
      const { a, b, time } = bench(createRandomPolicy(seeded(seed), faults));
      sendMany(a, 200);
      time.run(1_000);
      return JSON.stringify(numbers(b));
    };
    expect(trace(1)).toBe(trace(1));
    expect(trace(1)).not.toBe(trace(2));
  });

  it('keeps the order of a link under delays, unless frames may overtake', () => {
    const delays = { ...NO_FAULTS, delayMsMax: 50 };
    const { a, b, time } = bench(createRandomPolicy(seeded(7), delays));
    sendMany(a, 200);
    time.run(1_000);
    expect(numbers(b)).toEqual(ALL);
    const wild = bench(createRandomPolicy(seeded(7), { ...delays, overtake: 10_000 }));
    sendMany(wild.a, 200);
    wild.time.run(1_000);
    expect(numbers(wild.b)).not.toEqual(ALL);
    expect(numbers(wild.b).sort((x, y) => x - y)).toEqual(ALL);
  });

  it('loses and repeats frames', () => {
    const lossy = bench(createRandomPolicy(seeded(3), { ...NO_FAULTS, loss: 3_000 }));
    sendMany(lossy.a, 200);
    lossy.time.run(1_000);
    expect(numbers(lossy.b).length).toBeGreaterThan(100);
    expect(numbers(lossy.b).length).toBeLessThan(180);
    const repeating = bench(createRandomPolicy(seeded(3), { ...NO_FAULTS, duplicate: 10_000 }));
    sendMany(repeating.a, 1);
    repeating.time.run(1_000);
    expect(numbers(repeating.b)).toEqual([1, 1]);
  });

  it('gives every copy memory of its own', () => {
    const twice = {
      ...CALM_POLICY,
      deliveries: () => [
        { delayMs: 0, overtakes: false },
        { delayMs: 1, overtakes: false },
      ],
    };
    const { a, b, time } = bench(twice);
    a.transport.send(B, [forward(1)]);
    time.run(200);
    const [one, two] = b.recorder.received.map(({ message }) => message);
    if (one?.type !== 'forward' || two?.type !== 'forward') expect.fail('two forwards');
    one.batch.bytes.fill(99);
    expect(two.batch.bytes[0]).toBe(1);
  });

  it('cuts one way only, loses what is sent meanwhile, and carries again when healed', () => {
    const { a, b, network, time } = bench(CALM_POLICY);
    network.cut(A, B);
    a.transport.send(B, [forward(1)]);
    b.transport.send(A, [forward(2)]);
    time.run(200);
    expect(numbers(b)).toEqual([]);
    expect(numbers(a)).toEqual([2]);
    network.heal(A, B);
    a.transport.send(B, [forward(3)]);
    time.run(300);
    expect(numbers(b)).toEqual([3]);
    expect(a.recorder.connects).toEqual([B]);
  });

  it('loses the links of a cut that lasts, without calling anybody down, and links again', () => {
    const { a, b, network, time } = bench(CALM_POLICY);
    network.cut(A, B);
    time.run(3_000);
    b.transport.send(A, [forward(1)]);
    time.run(3_100);
    expect(numbers(a)).toEqual([]);
    network.heal(A, B);
    time.run(3_200);
    expect(a.recorder.connects).toEqual([B, B]);
    expect(b.recorder.connects).toEqual([A, A]);
    expect([...a.recorder.downs, ...b.recorder.downs]).toEqual([]);
  });

  it('holds what is clogged and lets it through in order', () => {
    const { a, b, network, time } = bench(CALM_POLICY);
    network.clog(A, B);
    sendMany(a, 5);
    a.transport.send(B, [heartbeat(A, B)]);
    time.run(60_000);
    expect(b.recorder.received).toEqual([]);
    network.unclog(A, B);
    time.run(60_100);
    expect(numbers(b)).toEqual([1, 2, 3, 4, 5]);
    expect(b.recorder.received).toHaveLength(6);
  });

  it('loses what is on its way to a process that dies, also when it comes back', () => {
    const slow = { ...CALM_POLICY, deliveries: () => [{ delayMs: 500, overtakes: false }] };
    const { a, network, start, time } = bench(slow);
    a.transport.send(B, [forward(1)]);
    time.run(200);
    network.kill(B);
    time.run(300);
    const again = start('b');
    time.run(2_000);
    expect(numbers(again)).toEqual([]);
    expect(a.recorder.downs).toEqual([B]);
    expect(a.recorder.connects).toEqual([B, B]);
  });

  it('lets nobody see the end of a machine that lost power, nor one behind a cut', () => {
    const silent = bench({ ...CALM_POLICY, closeSeenMs: () => undefined });
    silent.network.kill(B);
    silent.time.run(10_000);
    expect(silent.a.recorder.downs).toEqual([]);
    const apart = bench(CALM_POLICY);
    apart.network.cut(B, A);
    apart.network.kill(B);
    apart.time.run(10_000);
    expect(apart.a.recorder.downs).toEqual([]);
  });

  it('calls nobody down who is back before the question', () => {
    const { a, network, start, time } = bench({ ...CALM_POLICY, closeSeenMs: () => 50 });
    network.kill(B);
    start('b');
    time.run(500);
    expect(a.recorder.downs).toEqual([]);
    expect(a.recorder.connects).toEqual([B, B]);
  });
});
