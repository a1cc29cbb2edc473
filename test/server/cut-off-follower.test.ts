/**
 * A follower that is cut off from its leader but not from its clients (contract 8, P1): what it may say, what
 * it must not, and when.
 */
import { describe, expect, it } from 'vitest';
import { create } from '../tree/driver.js';
import { rev, type TestClient } from './support.js';
import { Trio } from './trio.js';

function begin() {
  const trio = new Trio();
  const follower = trio.followers[0]!;
  const client = trio.connect(follower);
  client.open(7);
  trio.pass(60);
  client.write(create('/a'), 1);
  trio.pass(60);
  client.watch('/a');
  trio.pass(700);
  const isLive = client.deliveries.some(({ type }) => type === 'bookmark');
  client.take();
  return { trio, follower, client, isLive };
}

function touch(client: TestClient, number: number): void {
  client.submit({ type: 'touch', number });
}

describe('a follower without its leader', () => {
  it('says STALE within two seconds, not before its confirmation is old, and nothing calm after', () => {
    const { trio, follower, client, isLive } = begin();
    expect(isLive).toBe(true);
    trio.cut.add(trio.idOf(follower));
    trio.pass(1_000);
    expect(client.take()).not.toContain('stale');
    trio.pass(900);
    const told = client.take();
    expect(told).toContain('stale');
    trio.pass(5_000);
    const later = client.take();
    expect([...told.slice(told.indexOf('stale') + 1), ...later]).not.toContain('bookmark');
    expect(later).not.toContain('live');
  });

  it('says LIVE again, with what was missed before it, when it is back', () => {
    const { trio, follower, client } = begin();
    trio.cut.add(trio.idOf(follower));
    trio.pass(3_000);
    const writer = trio.connect(trio.leader);
    writer.write(create('/a/missed'));
    trio.pass(1_000);
    client.take();
    trio.cut.clear();
    trio.pass(2_000);
    const told = client.take();
    expect(told.indexOf('created /a/missed')).toBeGreaterThanOrEqual(0);
    expect(told.indexOf('live')).toBeGreaterThan(told.indexOf('created /a/missed'));
  });

  it('confirms no touch, and the session lives on until its timeout, then ends by it', () => {
    const { trio, follower, client } = begin();
    touch(client, 1);
    trio.pass(300);
    expect(client.take()).toContain('touched 1');
    trio.cut.add(trio.idOf(follower));
    // What was reported before the cut is confirmed by then.
    trio.pass(300);
    client.take();
    for (let number = 2; number < 12; number++) {
      touch(client, number);
      trio.pass(100);
    }
    expect(client.take().filter((text) => text.startsWith('touched'))).toEqual([]);
    expect(trio.ended).toEqual([]);
    trio.pass(1_500);
    expect(trio.ended).toEqual(['expiry', 'expiry']);
  });

  it('answers session reads at once, and linearizable ones NO_QUORUM before their deadline', () => {
    const { trio, follower, client } = begin();
    trio.cut.add(trio.idOf(follower));
    trio.pass(3_000);
    client.take();
    const local = client.read('/a');
    trio.turn();
    expect(client.take()).toContain(`${local} there`);
    client.submit({
      type: 'read',
      id: 800,
      timeoutMs: 600,
      query: { type: 'get', path: '/a' },
      consistency: 'linearizable',
      floor: rev(0),
    });
    trio.pass(500);
    expect(client.take()).not.toContain('800 NO_QUORUM');
    trio.pass(90);
    expect(client.take()).toContain('800 NO_QUORUM');
  });

  it('answers a session read ahead of it BEHIND before its deadline', () => {
    const { trio, follower } = begin();
    trio.cut.add(trio.idOf(follower));
    const writer = trio.connect(trio.leader);
    writer.write(create('/b'));
    trio.pass(60);
    const floor = trio.leader.tree.revision;
    const client = trio.connect(follower);
    const query = { type: 'get', path: '/b' } as const;
    const read = { type: 'read', query, consistency: 'session', floor } as const;
    client.submit({ ...read, id: 1, timeoutMs: 400 });
    client.submit({ ...read, id: 2, timeoutMs: 20_000 });
    trio.pass(390);
    expect(client.take()).toContain('1 BEHIND');
    trio.cut.clear();
    trio.pass(2_000);
    expect(client.take()).toContain('2 there');
  });

  it('ends a change as unknown before its deadline, and another member goes on with the session', () => {
    const { trio, follower, client } = begin();
    const { session } = sessionOf(trio);
    trio.cut.add(trio.idOf(follower));
    const id = client.write(create('/a/x'), 2, 500);
    trio.pass(490);
    expect(client.deliveries.find((one) => 'id' in one && one.id === id)).toMatchObject({
      type: 'failure',
      code: 'TIMEOUT',
      outcome: 'unknown',
    });
    const moved = trio.connect(trio.leader);
    moved.attachSession(session, 7);
    trio.pass(60);
    moved.write(create('/a/x'), 2);
    trio.pass(60);
    expect(moved.take()).toContain('2 created');
  });
});

function sessionOf(trio: Trio) {
  const [session] = [...trio.leader.tree.sessions()];
  return { session: session!.id };
}

describe('a session that moves to a member behind it (contract W10)', () => {
  it('sees the events of its watches before an answer at or past their revision', () => {
    const { trio, follower } = begin();
    const { session } = sessionOf(trio);
    trio.cut.add(trio.idOf(follower));
    const first = trio.connect(trio.leader);
    first.attachSession(session, 7);
    trio.pass(60);
    const seen = trio.leader.tree.revision;
    for (let i = 0; i < 20; i++) first.write(create(`/a/${i}`), i + 2);
    trio.pass(60);
    const floor = trio.leader.tree.revision;
    first.attachment.close('peerClosed');
    // The member it moves to has none of that yet: watch from where it stood, read at what it has seen.
    const moved = trio.connect(follower);
    moved.watch('/a', seen);
    moved.read('/a', { floor });
    trio.pass(300);
    expect(moved.take().filter((text) => text.startsWith('created'))).toEqual([]);
    trio.cut.clear();
    trio.pass(2_000);
    const told = moved.take().filter((text) => /^(created|\d)/.test(text));
    expect(told.filter((text) => text.startsWith('created'))).toHaveLength(20);
    expect(told.at(-1)).toBe('2 there');
  });

  it('begins a watch of a revision that the member has yet to reach there, and not before (W6)', () => {
    const { trio, follower } = begin();
    trio.cut.add(trio.idOf(follower));
    const writer = trio.connect(trio.leader);
    for (let i = 0; i < 4; i++) writer.write(create(`/a/${i}`));
    trio.pass(60);
    const start = trio.leader.tree.revision - 2;
    const reader = trio.connect(follower);
    reader.watch('/a', start);
    trio.pass(100);
    trio.cut.clear();
    trio.pass(1_500);
    const told = reader.take().filter((text) => text.startsWith('created'));
    expect(told).toEqual(['created /a/2', 'created /a/3']);
  });
});
