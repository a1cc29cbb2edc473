/** One connection: what leaves it, in which order, and what waits when it is full (contract C5, W10). */
import { describe, expect, it } from 'vitest';
import { type Gate, notApplied, type Slot } from '../../src/server/clients/gate.js';
import type { Delivery, ReadRequest } from '../../src/server/service.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../src/types/limits.js';
import { loneGate, rev } from './support.js';

const FULL = ATTACHMENT_UNSENT_BYTES_MAX + 1;

const done = (id: number): Delivery => ({
  type: 'outcome',
  id,
  outcome: { type: 'done' },
  revision: rev(1),
});
const bookmark: Delivery = { type: 'bookmark', revision: rev(1) };
const moved: Delivery = { type: 'sessionEnded', cause: 'moved' };
const touched: Delivery = { type: 'touched', number: 1 };

function read(gate: Gate, id: number): Slot {
  const query = { type: 'get', path: '/a' } as const;
  const base = { type: 'read', id, timeoutMs: 0, query } as const;
  const work: ReadRequest = { ...base, consistency: 'session', floor: rev(0) };
  return gate.open(id, 0, work);
}

describe('answers on an ordered connection', () => {
  it('leave in the order of the requests, whenever they are there', () => {
    const { gate, client } = loneGate();
    const [one, two, three] = [1, 2, 3].map((id) => gate.open(id, 0));
    gate.complete(three!, done(3));
    gate.complete(two!, done(2));
    gate.flush(0);
    expect(client.take()).toEqual([]);
    gate.complete(one!, done(1));
    gate.flush(0);
    expect(client.take()).toEqual(['1 done', '2 done', '3 done']);
  });

  it('keep that order when a request was refused at once', () => {
    const { gate, client } = loneGate();
    const one = gate.open(1, 0);
    gate.refuse(2, notApplied('OVERLOADED', ''));
    gate.flush(0);
    expect(client.take()).toEqual([]);
    gate.complete(one, done(1));
    gate.flush(0);
    expect(client.take()).toEqual(['1 done', '2 OVERLOADED']);
  });

  it('are given once: the first counts', () => {
    const { gate, client } = loneGate();
    const one = gate.open(1, 0);
    gate.fail(one, notApplied('TIMEOUT', ''));
    gate.complete(one, done(1));
    gate.flush(0);
    expect(client.take()).toEqual(['1 TIMEOUT']);
    expect(gate.openCount).toBe(0);
  });

  it('come behind the events that were pushed before them in the turn', () => {
    const { gate, client } = loneGate();
    const one = gate.open(1, 0);
    gate.complete(one, done(1));
    gate.push(bookmark);
    gate.flush(0);
    expect(client.take()).toEqual(['bookmark', '1 done']);
  });

  it('tell a client that is turned away when to come again', () => {
    const { gate, client } = loneGate();
    gate.refuse(1, notApplied('OVERLOADED', ''));
    gate.refuse(2, notApplied('UNAVAILABLE', ''));
    gate.flush(0);
    expect(client.deliveries).toMatchObject([{ retryAfterMs: 250 }, { retryAfterMs: 0 }]);
  });
});

describe('answers on an unordered connection', () => {
  it('leave as they come', () => {
    const { gate, client } = loneGate(false);
    const one = gate.open(1, 0);
    const two = gate.open(2, 0);
    gate.complete(two, done(2));
    gate.flush(0);
    gate.complete(one, done(1));
    gate.flush(0);
    expect(client.take()).toEqual(['2 done', '1 done']);
  });
});

describe('the work of a read', () => {
  it('is due when everything before it is answered and its index is applied', () => {
    const { gate } = loneGate();
    const write = gate.open(1, 0);
    const slot = read(gate, 2);
    slot.index = 5;
    expect(gate.nextWork(9)).toBeUndefined();
    gate.complete(write, done(1));
    expect(gate.nextWork(4)).toBeUndefined();
    expect(gate.nextWork(5)).toBe(slot);
  });

  it('is not due while the sink is full or a watch lags', () => {
    const { gate, client } = loneGate();
    const slot = read(gate, 1);
    slot.index = 0;
    gate.laggingCount = 1;
    expect(gate.nextWork(9)).toBeUndefined();
    gate.laggingCount = 0;
    client.unsent = FULL;
    gate.push(bookmark);
    gate.flush(0);
    expect(gate.nextWork(9)).toBeUndefined();
    client.unsent = 0;
    gate.drained();
    expect(gate.nextWork(9)).toBe(slot);
  });
});

describe('a full sink', () => {
  it('gets nothing but touch answers until it drains', () => {
    const { gate, client } = loneGate();
    client.unsent = FULL;
    const one = gate.open(1, 0);
    gate.complete(one, done(1));
    gate.push(moved);
    gate.pushUrgent(touched);
    gate.flush(0);
    expect(client.take()).toEqual(['touched 1']);
    client.unsent = 0;
    gate.flush(0);
    expect(client.take()).toEqual([]);
    gate.drained();
    gate.flush(0);
    expect(client.take()).toEqual(['sessionEnded moved', '1 done']);
  });

  it('is not told afterwards that all was well before', () => {
    const { gate, client } = loneGate();
    client.unsent = FULL;
    gate.push(bookmark);
    gate.push({ type: 'live', revision: rev(1) });
    gate.flush(0);
    client.unsent = 0;
    gate.drained();
    gate.flush(0);
    expect(client.take()).toEqual([]);
    expect(gate.isStale).toBe(true);
  });

  it('is full only past its bound', () => {
    const { gate, client } = loneGate();
    client.unsent = ATTACHMENT_UNSENT_BYTES_MAX;
    gate.push(bookmark);
    gate.flush(0);
    expect(client.take()).toEqual(['bookmark']);
  });

  it('that drains is looked at again in the next turn', () => {
    const { gate, client, dirtyCount } = loneGate();
    gate.drained();
    expect(dirtyCount()).toBe(0);
    client.unsent = FULL;
    gate.push(bookmark);
    gate.flush(0);
    const before = dirtyCount();
    gate.drained();
    expect(dirtyCount()).toBe(before + 1);
  });
});

describe('a watch that lags', () => {
  it('holds answers back, as they may be newer than what it has not been told', () => {
    const { gate, client } = loneGate();
    gate.laggingCount = 1;
    const one = gate.open(1, 0);
    gate.complete(one, done(1));
    gate.pushUrgent(touched);
    gate.flush(0);
    expect(client.take()).toEqual(['touched 1']);
    gate.laggingCount = 0;
    gate.flush(0);
    expect(client.take()).toEqual(['1 done']);
  });
});

describe('a closed connection', () => {
  it('hands out nothing and takes nothing', () => {
    const { gate, client, handled } = loneGate();
    const one = gate.open(1, 0);
    gate.push(bookmark);
    gate.close('peerClosed');
    gate.complete(one, done(1));
    gate.push(bookmark);
    gate.pushUrgent(touched);
    gate.flush(0);
    gate.submit([{ type: 'touch', number: 1 }]);
    expect([client.take(), handled]).toEqual([[], []]);
  });

  it('keeps the reason of its first close', () => {
    const { gate } = loneGate();
    gate.close('local');
    gate.close('peerClosed');
    expect(gate.wasPeerClosed).toBe(false);
  });

  it('takes no more of a batch after its host closed it', () => {
    const { gate, handled } = loneGate();
    gate.close('local');
    gate.submit([{ type: 'unwatch', watch: 1 }]);
    expect(handled).toEqual([]);
  });
});

it('acknowledged seqs only rise, and only by whole numbers', () => {
  const { gate } = loneGate();
  for (const acked of [5, 3, Number.NaN, 7.5, Number.POSITIVE_INFINITY]) gate.acknowledge(acked);
  expect(gate.ackedSeq).toBe(5);
});
