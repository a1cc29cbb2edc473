/** The life of a session (contract 5, 6), and what goes with it. */
import { describe, expect, it } from 'vitest';
import type { ExpireSession } from '../../src/types/command.js';
import { asRevision, asTerm, type SessionId } from '../../src/types/ids.js';
import { create, Driver, openBody, secretHash } from './driver.js';

const attach = (session: SessionId, secret: number) =>
  ({ kind: 'attachSession', session, secretHash: secretHash(secret) }) as const;
const detach = (session: SessionId, epoch = 1, term = 1) =>
  ({ kind: 'detachSession', session, epoch, term: asTerm(term) }) as const;

function withSession(graceMs = 1000) {
  const driver = new Driver();
  const session = driver.open({ secret: 1, graceMs });
  return { driver, session };
}

describe('opening', () => {
  it('gives an id that is its revision', () => {
    const driver = new Driver();
    driver.ask(create('/a'));
    const result = driver.apply(openBody({ secret: 1, graceMs: 500 }));
    expect(result.applied!.outcome).toEqual({
      type: 'attached',
      session: 2,
      epoch: 1,
      timeoutMs: 10_000,
      graceMs: 500,
      lastSeq: 0,
    });
    expect(result.session).toEqual({ type: 'opened', session: 2, epoch: 1 });
  });

  it('again with the same secret gives the same session, not a ghost', () => {
    const { driver, session } = withSession();
    const again = driver.apply(openBody({ secret: 1, timeoutMs: 5000 }));
    expect(again.applied!.outcome).toMatchObject({ session, epoch: 2, timeoutMs: 10_000 });
    expect(again.session).toEqual({ type: 'attached', session, epoch: 2 });
    expect(driver.tree.sessionCount).toBe(1);
  });

  it('with the secret of a session that ended gives a new one', () => {
    const { driver, session } = withSession();
    driver.ask({ kind: 'closeSession' }, { session, epoch: 1, seq: 1 });
    expect(driver.open({ secret: 1 })).not.toBe(session);
  });
});

describe('attaching', () => {
  it('raises the epoch and clears a disconnect', () => {
    const { driver, session } = withSession();
    driver.ask(detach(session));
    expect(driver.tree.session(session)!.detached).toBe(true);
    expect(driver.ask(attach(session, 1))).toMatchObject({ type: 'attached', epoch: 2 });
    expect(driver.tree.session(session)).toMatchObject({ detached: false, epoch: 2 });
  });

  it('needs the secret', () => {
    const { driver, session } = withSession();
    expect(driver.answer(attach(session, 2))).toBe('WRONG_SECRET');
    expect(driver.tree.session(session)!.epoch).toBe(1);
  });

  it('to a session that is gone is EXPIRED, never a new one', () => {
    const { driver, session } = withSession();
    driver.ask({ kind: 'closeSession' }, { session, epoch: 1 });
    expect(driver.answer(attach(session, 1))).toBe('SESSION_EXPIRED');
    expect(driver.tree.sessionCount).toBe(0);
  });
});

describe('a report of a closed connection', () => {
  it('marks the session and tells the member', () => {
    const { driver, session } = withSession();
    const result = driver.apply(detach(session));
    expect(result.session).toEqual({ type: 'detached', session, epoch: 1 });
    expect(driver.apply(detach(session)).session).toBeUndefined();
  });

  it.each([
    ['of an older attachment', 0, 1, 1000],
    ['of a later attachment', 2, 1, 1000],
    ['by a leader of another term', 1, 2, 1000],
    ['of a session without grace', 1, 1, 0],
  ])('%s means nothing', (_, epoch, term, graceMs) => {
    const { driver, session } = withSession(graceMs);
    const before = driver.tree.digest();
    expect(driver.apply(detach(session, epoch, term)).session).toBeUndefined();
    expect(driver.tree.digest()).toBe(before);
  });
});

describe('expiry', () => {
  const expire = (session: SessionId, options: Partial<ExpireSession> = {}): ExpireSession => ({
    kind: 'expireSession',
    session,
    epoch: 1,
    lastRevision: asRevision(session),
    term: asTerm(1),
    cause: 'expiry',
    ...options,
  });

  it('ends the session', () => {
    const { driver, session } = withSession();
    const result = driver.apply(expire(session));
    expect(result.session).toEqual({ type: 'ended', session, cause: 'expiry' });
    expect(driver.tree.session(session)).toBeUndefined();
  });

  it.each([
    ['decided in another term', { term: asTerm(2) }],
    ['decided about an older attachment', { epoch: 0 }],
    ['decided before its last request', { lastRevision: asRevision(0) }],
    ['by grace while it is connected', { cause: 'grace' as const }],
  ])('%s is a no-op', (_, options) => {
    const { driver, session } = withSession();
    const before = driver.tree.digest();
    const result = driver.apply(expire(session, options));
    expect(result.session).toBeUndefined();
    expect(result.events).toEqual([]);
    expect(driver.tree.digest()).toBe(before);
  });

  it('by grace ends a disconnected session', () => {
    const { driver, session } = withSession();
    driver.ask(detach(session));
    const result = driver.apply(expire(session, { cause: 'grace' }));
    expect(result.session).toEqual({ type: 'ended', session, cause: 'grace' });
  });

  it('is overtaken by any request that was applied before it', () => {
    const { driver, session } = withSession();
    driver.ask({ kind: 'skip' }, { session, epoch: 1, seq: 1 });
    expect(driver.apply(expire(session)).session).toBeUndefined();
    const known = asRevision(driver.tree.session(session)!.lastRevision);
    expect(driver.apply(expire(session, { lastRevision: known })).session?.type).toBe('ended');
  });

  it('of a session that is gone is a no-op', () => {
    const { driver, session } = withSession();
    driver.ask(expire(session));
    expect(driver.answer(expire(session))).toBe('done');
  });
});

describe('the end of a session', () => {
  it.each(['close', 'expiry', 'grace'] as const)(
    'by %s takes all its ephemerals in one revision, in the order of paths',
    (cause) => {
      const { driver, session } = withSession();
      const own = { session, epoch: 1 };
      driver.ask(create('/p'));
      for (const path of ['/p/b', '/a', '/p/a', '/p-z']) {
        driver.ask(create(path, { nodeKind: 'ephemeral' }), own);
      }
      driver.ask(create('/kept'), own);
      const known = driver.tree.session(session)!.lastRevision;
      driver.ask(detach(session));
      const how = { session, epoch: 1, lastRevision: known, term: asTerm(1) };
      const result =
        cause === 'close'
          ? driver.apply({ kind: 'closeSession' }, own)
          : driver.apply({ kind: 'expireSession', cause, ...how });
      expect(result.events.map((e) => [e.type, e.path, e.cause, e.ordinal])).toEqual([
        ['deleted', '/a', cause, 0],
        ['deleted', '/p/a', cause, 1],
        ['deleted', '/p/b', cause, 2],
        ['deleted', '/p-z', cause, 3],
      ]);
      expect(result.session).toEqual({ type: 'ended', session, cause });
      expect(driver.names('/')).toEqual(['kept', 'p']);
    },
  );

  it('is not asked for by nobody', () => {
    expect(new Driver().answer({ kind: 'closeSession' })).toBe('NO_SESSION');
  });

  it('leaves what another session took over', () => {
    const { driver, session } = withSession();
    const other = driver.open();
    driver.ask(create('/e', { nodeKind: 'ephemeral' }), { session: other, epoch: 1 });
    driver.ask({ kind: 'closeSession' }, { session, epoch: 1 });
    expect(driver.tree.get('/e')).toBeDefined();
    expect(driver.paths(other)).toEqual(['/e']);
  });
});
