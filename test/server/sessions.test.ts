/** Sessions from the side of their connection: how they end, what a full window does, and ends in great number. */
import { describe, expect, it } from 'vitest';
import { EXPIRIES_PER_TICK_MAX, SESSION_WINDOW_SEQS_MAX } from '../../src/types/limits.js';
import { create } from '../tree/driver.js';
import { Solo, type TestClient } from './support.js';

const ephemeral = (path: string) => create(path, { nodeKind: 'ephemeral' });

function revoke(client: TestClient, session: number): number {
  return client.write({
    kind: 'revokeSession',
    session: session as never,
    who: 'ann',
    why: 'runaway',
  });
}

describe('a session that an operator revokes', () => {
  it('is told so, its nodes are gone at that revision, and the act is on record', () => {
    const solo = Solo.led();
    const owner = solo.connectSession(1);
    owner.write(ephemeral('/mine'), 1);
    solo.turn();
    const [operator, watcher] = [solo.connect(), solo.connect()];
    watcher.watch('/');
    solo.turn();
    owner.take();
    const id = revoke(operator, owner.session);
    solo.turn();
    expect(operator.take()).toContain(`${id} removed`);
    expect(owner.take()).toEqual(['sessionEnded revoked']);
    expect(watcher.take()).toContain('deleted /mine');
    expect(solo.ended).toEqual(['revoke']);
    const [act] = solo.core.tree.audit({ before: 0 as never, limit: 1 }).entries;
    expect(act).toMatchObject({ action: 'revoke', who: 'ann', why: 'runaway' });
  });

  it('may ask for nothing more, and its touches are not answered', () => {
    const solo = Solo.led();
    const owner = solo.connectSession(1);
    revoke(solo.connect(), owner.session);
    solo.turn();
    owner.take();
    const id = owner.write(ephemeral('/late'), 1);
    owner.submit({ type: 'touch', number: 1 });
    solo.pass(300);
    expect(owner.take().filter((text) => text !== 'live')).toEqual([`${id} SESSION_EXPIRED`]);
    const again = owner.attachSession(owner.session, 1);
    solo.turn();
    expect(owner.take()).toContain(`${again} SESSION_EXPIRED`);
  });

  it('that is not there is refused', () => {
    const solo = Solo.led();
    const operator = solo.connect();
    const id = revoke(operator, 99);
    solo.turn();
    expect(operator.take()).toEqual([`${id} SESSION_EXPIRED`]);
  });
});

describe('a full window of results', () => {
  it('turns away what is beyond it, and everything after, until it is acknowledged and sent again', () => {
    const solo = Solo.led();
    const owner = solo.connectSession(1);
    const count = SESSION_WINDOW_SEQS_MAX + 5;
    for (let seq = 1; seq <= count; seq++) owner.write(create(`/${seq}`), seq);
    solo.turn();
    const first = owner.take();
    expect(first.filter((text) => text.endsWith('created'))).toHaveLength(SESSION_WINDOW_SEQS_MAX);
    expect(first.slice(-5).map((text) => text.split(' ')[1])).toEqual([
      'WINDOW_FULL',
      ...Array.from({ length: 4 }, () => expect.stringMatching(/^(SEQ_GAP|WINDOW_FULL)$/)),
    ]);
    owner.attachment.acknowledge(SESSION_WINDOW_SEQS_MAX + 1);
    const late = owner.write(create(`/${count}`), count);
    solo.turn();
    expect(owner.take()).toEqual([`${late} SEQ_GAP`]);
    for (let seq = SESSION_WINDOW_SEQS_MAX + 1; seq <= count; seq++)
      owner.write(create(`/${seq}`), seq);
    solo.turn();
    expect(owner.take().map((text) => text.split(' ')[1])).toEqual(
      Array.from({ length: 5 }, () => 'created'),
    );
    expect(solo.core.tree.nodeCount).toBe(count + 1);
  });
});

describe('a session without grace, as locks have', () => {
  it('does not end when its connection is closed, but when its timeout is over', () => {
    const solo = Solo.led();
    const owner = solo.connectSession(1, 0);
    owner.write(ephemeral('/lock'), 1);
    solo.turn();
    owner.attachment.close('peerClosed');
    solo.pass(1_700);
    expect(solo.core.tree.get('/lock')).toBeDefined();
    solo.pass(800);
    expect(solo.core.tree.get('/lock')).toBeUndefined();
    expect(solo.ended).toEqual(['expiry']);
  });
});

describe('ten thousand sessions that fall silent at once', () => {
  it('end a bounded number a tick, and all of them', () => {
    const solo = Solo.led();
    const opener = solo.connect({ ordered: false });
    const count = 10_000;
    for (let i = 1; i <= count; i++) {
      opener.open(i);
      if (i % 2_000 === 0) solo.turn();
    }
    expect(solo.core.tree.sessionCount).toBe(count);
    let most = 0;
    for (let tick = 0; tick < 120 && solo.core.tree.sessionCount > 0; tick++) {
      const before = solo.core.tree.sessionCount;
      solo.pass(100, 100);
      most = Math.max(most, before - solo.core.tree.sessionCount);
    }
    expect(solo.core.tree.sessionCount).toBe(0);
    expect(most).toBe(EXPIRIES_PER_TICK_MAX);
  });
});
