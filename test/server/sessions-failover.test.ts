/** Sessions while leaders come and go (contract S2, S3, S5, S8, S10, S11). */
import { describe, expect, it } from 'vitest';
import { create } from '../tree/driver.js';
import type { TestClient } from './support.js';
import { Trio } from './trio.js';

const TIMEOUT_MS = 2_000;

function openAt(trio: Trio, secret: number, core = trio.followers[0]!): TestClient {
  const client = trio.connect(core);
  client.open(secret);
  trio.pass(60);
  client.write(create(`/${secret}`, { nodeKind: 'ephemeral' }), 1);
  trio.pass(60);
  client.take();
  return client;
}

function touching(trio: Trio, client: TestClient, ms: number): string[] {
  const told: string[] = [];
  for (let number = 1; number <= ms / 300; number++) {
    client.submit({ type: 'touch', number });
    trio.pass(300);
    told.push(...client.take());
  }
  return told;
}

describe('a session that its client touches', () => {
  it('is ended by no change of leader, however many there are (S3)', () => {
    const trio = new Trio();
    // The last of the three to stand for election: the lead goes to and fro between the others.
    const stable = trio.cores[2]!;
    const client = openAt(trio, 1, stable);
    let changes = 0;
    for (; changes < 5; changes++) {
      const { leader } = trio;
      const id = trio.idOf(leader);
      expect(leader).not.toBe(stable);
      trio.cut.add(id);
      touching(trio, client, 1_500);
      trio.cut.clear();
      touching(trio, client, 900);
    }
    expect(changes).toBe(5);
    expect(trio.ended).toEqual([]);
    expect(trio.leader.tree.get('/1')).toBeDefined();
  });

  it('is ended by nobody while there is no quorum, and not at once when there is one again (S5)', () => {
    const trio = new Trio();
    const client = openAt(trio, 1);
    for (const core of trio.cores) trio.cut.add(trio.idOf(core));
    trio.pass(20_000);
    expect(trio.ended).toEqual([]);
    trio.cut.clear();
    trio.pass(1_000);
    const told = touching(trio, client, 3_000);
    expect(told.some((text) => text.startsWith('touched'))).toBe(true);
    expect(trio.ended).toEqual([]);
  });

  it('has no touch confirmed by a leader that is cut off, though that does not know it yet (S2)', () => {
    const trio = new Trio();
    const { leader } = trio;
    const client = openAt(trio, 1, leader);
    trio.cut.add(trio.idOf(leader));
    const told = touching(trio, client, 3_000);
    expect(told.filter((text) => text.startsWith('touched'))).toEqual([]);
    expect(told).toContain('stale');
  });
});

describe('a session whose client is silent', () => {
  it('is gone within its timeout and two ticks (S8)', () => {
    const trio = new Trio();
    openAt(trio, 1);
    const begun = trio.nowMs;
    while (trio.leader.tree.get('/1') !== undefined) trio.pass(15);
    const tookMs = trio.nowMs - begun;
    expect(tookMs).toBeGreaterThan(TIMEOUT_MS - 200);
    expect(tookMs).toBeLessThan(TIMEOUT_MS + 200);
  });

  it('costs each failover at most one timeout and the election more (S8)', () => {
    const trio = new Trio();
    openAt(trio, 1);
    trio.pass(1_500);
    trio.cut.add(trio.idOf(trio.leader));
    trio.pass(1_500);
    const begun = trio.nowMs;
    const survivor = () => trio.cores.find((core) => !trio.cut.has(trio.idOf(core)))!;
    while (survivor().tree.get('/1') !== undefined) trio.pass(15);
    expect(trio.nowMs - begun).toBeLessThan(TIMEOUT_MS + 200);
  });
});

describe('a session that comes back', () => {
  it('is the same or EXPIRED, at any member, and the older connection is told that it moved (S10, S11)', () => {
    const trio = new Trio();
    const first = openAt(trio, 1);
    const session = [...trio.leader.tree.sessions()][0]!.id;
    const second = trio.connect(trio.leader);
    const attach = second.attachSession(session, 1);
    trio.pass(90);
    expect(second.take()).toContain(`${attach} attached`);
    expect(first.take()).toContain('sessionEnded moved');
    const late = first.write(create('/late'), 2);
    trio.pass(60);
    expect(first.take()).toContain(`${late} MOVED`);
    trio.pass(3_000);
    const third = trio.connect(trio.followers[1]!);
    const again = third.attachSession(session, 1);
    trio.pass(90);
    expect(third.take()).toContain(`${again} SESSION_EXPIRED`);
    expect(trio.leader.tree.sessionCount).toBe(0);
  });
});
