/** Reads that wait for a quorum that does not come. */
import { expect, test } from 'vitest';
import { Reads } from '../../src/server/clients/reads.js';
import { Rounds } from '../../src/server/clients/rounds.js';
import type { ReadRequest } from '../../src/server/service.js';
import { WatchHub } from '../../src/server/watches/watch-hub.js';
import { Tree } from '../../src/tree/tree.js';
import { asIndex } from '../../src/types/ids.js';
import { loneGate, rev } from './support.js';

class Setting {
  readonly begun: number[] = [];
  readonly rounds = new Rounds((id) => void this.begun.push(id), 150);
  readonly reads: Reads;
  readonly lone = loneGate(false);

  constructor() {
    const tree = new Tree();
    this.reads = new Reads({ rounds: this.rounds, hub: new WatchHub(tree), tree: () => tree });
  }

  turn(nowMs: number): void {
    this.reads.ask();
    this.rounds.startNext(nowMs);
    this.reads.run([this.lone.gate]);
    this.lone.gate.flush(nowMs);
  }

  read(id: number, deadlineMs: number, floor = 0): void {
    const query = { type: 'get', path: '/' } as const;
    const base = { type: 'read', id, timeoutMs: 0, query, floor: rev(floor) } as const;
    const consistency = floor === 0 ? 'linearizable' : 'session';
    const request: ReadRequest = { ...base, consistency };
    this.reads.add(this.lone.gate.open(id, deadlineMs, request), request);
  }
}

test('all that come before a round begins share it', () => {
  const setting = new Setting();
  for (let id = 1; id <= 3; id++) {
    setting.read(id, 1_000);
    setting.turn(id);
  }
  setting.rounds.answered(setting.begun[0]!, asIndex(0));
  setting.turn(10);
  expect(setting.lone.client.take()).toEqual(['1 there']);
  setting.rounds.answered(setting.begun[1]!, asIndex(0));
  setting.turn(20);
  expect(setting.lone.client.take()).toEqual(['2 there', '3 there']);
});

test('those whose time is over are forgotten, however long no quorum answers', () => {
  const setting = new Setting();
  for (let id = 1; id <= 500; id++) {
    setting.read(id, id * 10 + 100);
    setting.turn(id * 10);
    setting.rounds.retry(id * 10);
    setting.reads.sweep(id * 10);
    expect(setting.reads.unconfirmed).toBeLessThanOrEqual(11);
  }
  setting.lone.gate.close('local');
  setting.reads.closed();
  setting.reads.sweep(0);
  expect(setting.reads.unconfirmed).toBe(0);
});

test('those ahead of this member are forgotten too, and cost nothing while they wait', () => {
  const setting = new Setting();
  for (let id = 1; id <= 20_000; id++) {
    setting.read(id, id + 100, 1_000_000 - id);
    setting.turn(id);
    setting.reads.sweep(id);
    setting.lone.client.deliveries.length = 0;
  }
  expect(setting.reads.behind).toBeLessThan(2_000);
  setting.reads.sweep(1_000_000);
  expect(setting.lone.gate.openCount).toBe(0);
});
