/** Order and exactly-once: by origin for what members forward, by session for what clients repeat. */
import { describe, expect, it } from 'vitest';
import { asRevision, asTerm } from '../../src/types/ids.js';
import {
  type Asking,
  commandOf,
  create,
  Driver,
  MEMBER,
  remove,
  secretHash,
  set,
} from './driver.js';

describe('requests of an origin', () => {
  const steps = (driver: Driver, askings: Asking[]) =>
    askings.map((asking, i) => driver.apply(create(`/n${i}`), asking).applied !== undefined);

  const rows: [string, Asking[], boolean[]][] = [
    ['apply in order', [{ number: 1 }, { number: 2 }, { number: 3 }], [true, true, true]],
    ['apply once', [{ number: 1 }, { number: 1 }, { number: 2 }], [true, false, true]],
    ['never skip ahead', [{ number: 1 }, { number: 3 }, { number: 2 }], [true, false, true]],
    ['start at 1', [{ number: 2 }, { number: 1 }], [false, true]],
    [
      'start again at 1 with a new boot',
      [{ number: 1 }, { number: 2, boot: 2 }, { number: 1, boot: 2 }, { number: 2, boot: 2 }],
      [true, false, true, true],
    ],
    [
      'of an older boot are too late',
      [
        { number: 1, boot: 2 },
        { number: 1, boot: 1 },
        { number: 2, boot: 1 },
      ],
      [true, false, false],
    ],
    [
      'are counted for each member',
      [{ number: 1 }, { number: 1, member: '00000000000000bb' }, { number: 2 }],
      [true, true, true],
    ],
    ['of the leader itself are not counted', [{ number: 0 }, { number: 0 }], [true, true]],
  ];
  it.each(rows)('%s', (_, askings, expected) => {
    expect(steps(new Driver(), askings)).toEqual(expected);
  });

  it('that are skipped change nothing and answer nobody', () => {
    const driver = new Driver();
    driver.apply(create('/a'), { number: 1 });
    const before = driver.tree.digest();
    expect(driver.apply(set('/a', 'x'), { number: 1 })).toEqual({ applied: undefined, events: [] });
    expect(driver.tree.digest()).toBe(before);
    expect(driver.tree.revision).toBe(2);
  });

  it('are known by the latest boot', () => {
    const driver = new Driver();
    expect(driver.tree.originNumber(MEMBER, 1)).toBe(0);
    driver.apply(create('/a'), { number: 1, boot: 4 });
    expect(driver.tree.originBoot(MEMBER)).toBe(4);
    expect(driver.tree.originNumber(MEMBER, 4)).toBe(1);
    expect(driver.tree.originNumber(MEMBER, 5)).toBe(0);
  });

  it('that were refused count too', () => {
    const driver = new Driver();
    expect(driver.answer(remove('/no'), { number: 1 })).toBe('NO_NODE');
    expect(driver.answer(create('/a'), { session: 99, epoch: 1, seq: 1, number: 2 })).toBe(
      'SESSION_EXPIRED',
    );
    expect(driver.tree.originNumber(MEMBER, 1)).toBe(2);
  });
});

describe('an entry that cannot be read', () => {
  const at = (driver: Driver) => ({
    revision: asRevision(driver.tree.revision + 1),
    term: asTerm(1),
    time: 1,
  });

  it('is a no-op that consumes a revision', () => {
    const driver = new Driver();
    expect(driver.tree.applyUndecodable(at(driver)).applied).toBeUndefined();
    expect(driver.tree.revision).toBe(1);
  });

  it('does not hold up the requests behind it when its envelope can be read', () => {
    const driver = new Driver();
    const session = driver.open();
    const { envelope } = commandOf(create('/x'), { session, epoch: 1, seq: 1, number: 1 });
    const { applied } = driver.tree.applyUndecodable(at(driver), envelope);
    expect(applied!.outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(driver.answer(create('/a'), { session, epoch: 1, seq: 2, number: 2 })).toBe('created');
    driver.tree.checkTree();
  });
});

describe('a session’s request', () => {
  const started = () => {
    const driver = new Driver();
    const session = driver.open({ secret: 5 });
    return { driver, as: (seq: number, ackedSeq = 0) => ({ session, epoch: 1, seq, ackedSeq }) };
  };

  it('sent again gets the first outcome and revision, and changes nothing', () => {
    const { driver, as } = started();
    const first = driver.apply(create('/q-', { sequential: true }), as(1));
    driver.ask(create('/q-', { sequential: true }), as(2));
    const again = driver.apply(create('/q-', { sequential: true }), as(1));
    expect(again.applied).toEqual(first.applied);
    expect(again.events).toEqual([]);
    expect(driver.names('/')).toEqual(['q-0000000000', 'q-0000000001']);
  });

  it('that was refused stays refused when sent again', () => {
    const { driver, as } = started();
    const first = driver.apply(set('/a'), as(1));
    driver.ask(create('/a'), as(2));
    expect(driver.apply(set('/a'), as(1)).applied).toEqual(first.applied);
  });

  it('with the seq of another request is refused', () => {
    const { driver, as } = started();
    driver.ask(create('/a'), as(1));
    expect(driver.answer(create('/b'), as(1))).toBe('SEQ_REUSED');
    expect(driver.tree.get('/b')).toBeUndefined();
  });

  it('ahead of a gap is refused without effect, and goes through once the gap is closed', () => {
    const { driver, as } = started();
    expect(driver.answer(create('/b'), as(2))).toBe('SEQ_GAP');
    expect(driver.answer(create('/a'), as(1))).toBe('created');
    expect(driver.answer(create('/b'), as(2))).toBe('created');
  });

  it('whose result the client has is dropped', () => {
    const { driver, as } = started();
    for (let seq = 1; seq <= 4; seq++) driver.ask(create(`/n${seq}`), as(seq));
    driver.ask(create('/n5'), as(5, 4));
    expect(driver.answer(create('/n3'), as(3, 4))).toBe('RESULT_DROPPED');
    expect(driver.answer(create('/n4'), as(4, 4))).toBe('created');
    expect(driver.answer(create('/n4'), as(4, 1))).toBe('created');
  });

  it('of a long session finds its result while the window slides', () => {
    const { driver, as } = started();
    for (let seq = 1; seq <= 200; seq++) {
      driver.ask(create(`/n${seq}`), as(seq, Math.max(0, seq - 10)));
      if (seq % 7 === 0) expect(driver.answer(create(`/n${seq - 5}`), as(seq - 5))).toBe('created');
    }
    expect(driver.tree.session(as(0).session)!.lastSeq).toBe(200);
  });

  it('may acknowledge more than there is', () => {
    const { driver, as } = started();
    driver.ask(create('/a'), as(1));
    expect(driver.answer(create('/b'), as(2, 1_000_000))).toBe('created');
    expect(driver.answer(create('/c'), as(3))).toBe('created');
  });

  it('that skips consumes its seq', () => {
    const { driver, as } = started();
    expect(driver.answer({ kind: 'skip' }, as(1))).toBe('done');
    expect(driver.answer(create('/b'), as(2))).toBe('created');
  });

  it('beyond the window of results is turned away and consumes nothing', () => {
    const { driver, as } = started();
    driver.isChecking = false;
    for (let seq = 1; seq <= 1024; seq++) driver.ask({ kind: 'skip' }, as(seq, 1));
    expect(driver.answer({ kind: 'skip' }, as(1025, 1))).toBe('WINDOW_FULL');
    expect(driver.answer({ kind: 'skip' }, as(1, 1))).toBe('done');
    expect(driver.answer({ kind: 'skip' }, as(1025, 2))).toBe('done');
    driver.tree.checkTree();
  });

  it('beyond the bytes of the window is turned away', () => {
    const { driver, as } = started();
    driver.isChecking = false;
    const path = `/${'x'.repeat(4000)}`;
    let seq = 1;
    while (driver.answer(set(path), as(seq, 1)) === 'NO_NODE') seq++;
    expect(seq).toBeGreaterThan(100);
    expect(seq).toBeLessThan(200);
    expect(driver.answer(set(path), as(seq, 1))).toBe('WINDOW_FULL');
    expect(driver.answer(set(path), as(seq, seq))).toBe('NO_NODE');
  });

  it('of an older attachment is MOVED, of a gone session EXPIRED', () => {
    const { driver, as } = started();
    driver.ask(create('/a'), as(1));
    const again = driver.ask({
      kind: 'attachSession',
      session: as(0).session,
      secretHash: secretHash(5),
    });
    expect(again).toMatchObject({ type: 'attached', epoch: 2, lastSeq: 1 });
    expect(driver.answer(create('/b'), as(2))).toBe('MOVED');
    expect(driver.answer(create('/b'), { ...as(2), epoch: 3 })).toBe('MOVED');
    expect(driver.answer(create('/a'), { ...as(1), epoch: 2 })).toBe('created');
    expect(driver.answer({ kind: 'closeSession' }, { ...as(2), epoch: 2 })).toBe('done');
    expect(driver.answer(create('/b'), { ...as(3), epoch: 2 })).toBe('SESSION_EXPIRED');
    expect(driver.tree.get('/b')).toBeUndefined();
  });

  it('without a seq is in the session but not repeatable', () => {
    const { driver, as } = started();
    expect(driver.answer(create('/e', { nodeKind: 'ephemeral' }), as(0))).toBe('created');
    expect(driver.answer(create('/e', { nodeKind: 'ephemeral' }), as(0))).toBe('NODE_EXISTS');
    expect(driver.answer(create('/a'), as(1))).toBe('created');
  });

  it('keeps the session’s last revision at the latest sign of life', () => {
    const { driver, as } = started();
    driver.ask(create('/a'), as(1));
    driver.ask(create('/a'), as(1));
    expect(driver.tree.session(as(0).session)!.lastRevision).toBe(3);
    driver.ask(create('/b'), { ...as(2), epoch: 7 });
    expect(driver.tree.session(as(0).session)!.lastRevision).toBe(3);
  });
});
