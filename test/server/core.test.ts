/** What a connection sees of one member: order, limits, touches and staleness, over the whole core. */
import { describe, expect, it } from 'vitest';
import { asTerm } from '../../src/types/ids.js';
import {
  ATTACHMENT_REQUESTS_MAX,
  ATTACHMENT_UNSENT_BYTES_MAX,
  PENDING_BYTES_MAX,
} from '../../src/types/limits.js';
import { create, Driver, remove, secretHash, set } from '../tree/driver.js';
import { OTHER_VOTER, SELF, Solo, VOTER } from './support.js';

/** What another member applied, up to a request of this one. */
function laterState(revision: number, number: number) {
  const driver = new Driver();
  while (driver.tree.revision < revision - number) driver.ask(set('/'));
  for (let i = 1; i <= number; i++) driver.apply(set('/'), { member: SELF, boot: 1, number: i });
  const configuration = { voters: [VOTER, OTHER_VOTER], learners: [] };
  const snapshot = { index: driver.tree.revision, term: asTerm(1), configuration };
  return { snapshot, tree: driver.tree };
}

describe('pipelined requests of a session', () => {
  it('are answered in order, and a read sees the writes before it and none behind it', () => {
    for (const linearizable of [false, true]) {
      const solo = Solo.led();
      const client = solo.connectSession(1);
      client.read('/a', { linearizable });
      client.write(create('/a'), 1);
      client.read('/a', { linearizable });
      client.write(remove('/a'), 2);
      client.read('/a', { linearizable });
      solo.turn();
      const answers = client.take().map((text) => text.replace(/^\d+ /, ''));
      expect(answers).toEqual(['absent', 'created', 'there', 'deleted', 'absent']);
    }
  });

  it('that are turned away turn away all later ones, until they are sent again', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    client.write(create('/b'), 2);
    client.write(create('/a'), 1);
    client.write(create('/c'), 3);
    client.write(create('/b'), 2);
    solo.turn();
    expect(client.take().map((text) => text.replace(/^\d+ /, ''))).toEqual([
      'OVERLOADED',
      'created',
      'OVERLOADED',
      'created',
    ]);
  });

  it('get the first result again when they are repeated', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    client.write(create('/a'), 1);
    client.write(remove('/a'), 2);
    client.write(create('/a'), 1);
    client.write(remove('/a'), 1);
    solo.turn();
    expect(client.take().map((text) => text.replace(/^\d+ /, ''))).toEqual([
      'created',
      'deleted',
      'created',
      'SEQ_REUSED',
    ]);
  });

  it('need a session', () => {
    const solo = Solo.led();
    const client = solo.connect();
    client.write(create('/a'), 1);
    solo.turn();
    expect(client.take().at(-1)).toMatch('NO_SESSION');
  });
});

describe('a state that is fetched', () => {
  it('leaves what it settled unknown, and answers no read as if it came before that', () => {
    const solo = new Solo({}, [VOTER, OTHER_VOTER]);
    const client = solo.connect();
    const before = client.read('/a', { floor: 1_000 });
    const first = client.write(create('/a'));
    const between = client.read('/a', { floor: 1_000 });
    const second = client.write(remove('/a'));
    solo.turn();
    const { core } = solo;
    const { snapshot, tree } = laterState(10, 2);
    core.installed({ snapshot, digest: '', time: 0, formatVersion: 1 }, tree);
    solo.turn();
    const answers = client.take().filter((text) => /^\d/.test(text));
    expect(answers).toEqual([before, first, between, second].map((id) => `${id} UNAVAILABLE`));
  });
});

describe('an event', () => {
  it('comes before the answer to the change that made it, and before every newer read', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    client.watch('/');
    solo.turn();
    client.take();
    const write = client.write(create('/a'), 1);
    const read = client.read('/a');
    solo.turn();
    expect(client.take()).toEqual(['created /a', `${write} created`, `${read} there`]);
  });

  it('comes before newer answers also to a connection that was full meanwhile', () => {
    const solo = Solo.led();
    const [client, other] = [solo.connectSession(1), solo.connect()];
    client.watch('/');
    solo.turn();
    client.take();
    client.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
    other.write(create('/a'));
    solo.turn();
    const write = client.write(create('/b'), 1);
    const read = client.read('/b', { linearizable: true });
    solo.turn();
    expect(client.take()).toEqual([]);
    client.unsent = 0;
    client.attachment.drained();
    solo.turn();
    solo.turn();
    expect(client.take()).toEqual([
      'created /a',
      'created /b',
      `${write} created`,
      `${read} there`,
    ]);
  });
});

describe('limits', () => {
  it('of open requests on a connection turn away the next, and let it in when one is answered', () => {
    const solo = Solo.led();
    solo.isPersisting = false;
    const client = solo.connect({ ordered: false });
    for (let i = 0; i < ATTACHMENT_REQUESTS_MAX; i++) client.write(set('/', ''));
    const refused = client.write(set('/', ''));
    solo.turn();
    expect(client.take()).toEqual([`${refused} OVERLOADED`]);
    solo.isPersisting = true;
    solo.turn();
    client.take();
    const accepted = client.write(set('/', ''));
    solo.turn();
    expect(client.take()).toEqual([`${accepted} set`]);
  });

  it('of bytes under way hold for all connections together', () => {
    const solo = Solo.led();
    solo.isPersisting = false;
    const big = create('/a', { data: new Uint8Array(1024 * 1024) });
    const [one, other] = [solo.connect(), solo.connect()];
    for (let i = 0; i * big.data.length < PENDING_BYTES_MAX; i++) one.write(big);
    const refused = other.write(create('/b'));
    solo.turn();
    expect(other.take()).toEqual([`${refused} OVERLOADED`]);
  });

  it('of time: every request is answered by its deadline', () => {
    const solo = Solo.led();
    solo.isPersisting = false;
    const client = solo.connect();
    const write = client.write(create('/a'), 0, 300);
    solo.turn();
    solo.pass(250);
    expect(client.take().filter((text) => text !== 'progress')).toEqual([]);
    solo.pass(200);
    expect(client.take()).toContain(`${write} TIMEOUT`);
  });

  it('of what this member has seen: a read and a watch ahead of it wait, then say so', () => {
    const solo = Solo.led();
    const client = solo.connect();
    const read = client.read('/', { floor: 1_000 });
    const watch = client.watch('/', 1_000);
    solo.pass(5_200);
    const failures = client.take().filter((text) => /^\d/.test(text));
    expect(failures).toEqual([`${read} BEHIND`, `${watch} FUTURE_REVISION`]);
  });

  it('of what was committed: a watch ahead of it is refused at once, by the word of a leader', () => {
    const solo = Solo.led();
    const client = solo.connect();
    const watch = client.watch('/', 1_000);
    solo.turn();
    expect(client.take()).toEqual([`${watch} FUTURE_REVISION`]);
    const cutOff = new Solo({}, [VOTER, OTHER_VOTER]);
    const other = cutOff.connect();
    const unknown = other.watch('/', 1_000);
    cutOff.pass(5_200);
    const failures = other.take().filter((text) => /^\d/.test(text));
    expect(failures).toEqual([`${unknown} NO_QUORUM`]);
  });

  it('on paths: what is none is refused', () => {
    const solo = Solo.led();
    const client = solo.connect();
    const watch = client.watch('a//b');
    const future = client.watch('/', Number.NaN);
    solo.turn();
    expect(client.take()).toEqual([`${watch} INVALID_ARGUMENT`, `${future} INVALID_ARGUMENT`]);
  });

  it('a member on its way out takes nothing new', () => {
    const solo = Solo.led();
    const client = solo.connect();
    solo.core.leave();
    const write = client.write(create('/a'));
    solo.turn();
    expect(client.take()).toEqual([`${write} UNAVAILABLE`]);
  });
});

describe('a touch', () => {
  it('is answered when the quorum has confirmed it', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    client.submit({ type: 'touch', number: 7 });
    solo.turn();
    expect(client.take()).toEqual([]);
    solo.pass(100);
    expect(client.take()).toEqual(['touched 7']);
  });

  it('overtakes everything on a connection that is full', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    client.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
    client.write(create('/a'), 1);
    client.submit({ type: 'touch', number: 7 });
    solo.pass(100);
    expect(client.take()).toEqual(['touched 7']);
  });

  it('without a session is no touch', () => {
    const solo = Solo.led();
    const client = solo.connect();
    client.submit({ type: 'touch', number: 7 });
    solo.pass(300);
    expect(client.take()).toEqual([]);
  });

  it('keeps its session, however long', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    for (let i = 0; i < 10; i++) {
      client.submit({ type: 'touch', number: i });
      solo.pass(1_900);
    }
    expect(solo.core.tree.session(client.session)).toBeDefined();
    solo.pass(2_500);
    expect(client.take().at(-1)).toBe('sessionEnded expired');
    expect(solo.ended).toEqual(['expiry']);
  });

  it('just after a tick counts in full: the tick before it is not charged', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    solo.pass(1_000, 100);
    solo.nowMs += 99;
    client.submit({ type: 'touch', number: 1 });
    const touchedAtMs = solo.nowMs;
    while (solo.core.tree.session(client.session) !== undefined) solo.pass(1, 1);
    expect(solo.nowMs - touchedAtMs).toBeGreaterThanOrEqual(2_000);
    expect(solo.nowMs - touchedAtMs).toBeLessThan(2_000 + 300);
  });

  it('by itself is answered, or refused for its secret or its session', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    const unary = solo.connect({ ordered: false });
    const { session } = client;
    const touch = (id: number, secret: number, of = session) => {
      const base = { type: 'touchSession', id, timeoutMs: 0 } as const;
      unary.submit({ ...base, session: of, secretHash: secretHash(secret) });
    };
    touch(1, 1);
    touch(2, 99);
    touch(3, 1, (session + 1) as typeof session);
    solo.pass(200);
    expect(unary.take()).toEqual(['2 WRONG_SECRET', '3 SESSION_EXPIRED', '1 done']);
  });

  it('of a session that is closed before it is confirmed is not answered with success', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1);
    const unary = solo.connect({ ordered: false });
    const { session } = client;
    unary.submit({
      type: 'touchSession',
      id: 1,
      timeoutMs: 0,
      session,
      secretHash: secretHash(1),
    });
    client.write({ kind: 'closeSession' }, 1);
    solo.pass(300);
    expect(unary.take()).toEqual(['1 SESSION_EXPIRED']);
  });
});

describe('a session', () => {
  it('whose client closed the connection ends after its grace', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1, 500);
    client.write(create('/e', { nodeKind: 'ephemeral' }), 1);
    solo.turn();
    client.attachment.close('peerClosed');
    solo.pass(500);
    expect(solo.core.tree.get('/e')).toBeDefined();
    solo.pass(300);
    expect(solo.core.tree.get('/e')).toBeUndefined();
    expect(solo.ended).toEqual(['grace']);
  });

  it('whose connection this member closed does not', () => {
    const solo = Solo.led();
    const client = solo.connectSession(1, 500);
    client.attachment.close('local');
    solo.pass(1_800);
    expect(solo.core.tree.session(client.session)).toBeDefined();
    solo.pass(600);
    expect(solo.ended).toEqual(['expiry']);
  });

  it('that attached again keeps living, whatever is told of the old connection', () => {
    const solo = Solo.led();
    const old = solo.connectSession(1, 500);
    const fresh = solo.connect();
    fresh.attachSession(old.session, 1);
    solo.turn();
    expect(old.take()).toEqual(['sessionEnded moved']);
    old.attachment.close('peerClosed');
    solo.pass(1_500);
    expect(solo.core.tree.session(old.session)).toMatchObject({ detached: false, epoch: 2 });
  });

  it('whose client left while it was attaching ends after its grace', () => {
    const solo = Solo.led();
    const client = solo.connect();
    client.open(1, 500);
    client.attachment.close('peerClosed');
    solo.turn();
    expect(solo.core.tree.sessionCount).toBe(1);
    solo.pass(900);
    expect(solo.ended).toEqual(['grace']);
  });
});

describe('a member without a quorum', () => {
  it('says STALE to everyone, and LIVE once it has one again, also to who was full then', () => {
    const solo = Solo.led();
    const [client, full] = [solo.connect(), solo.connect()];
    expect(client.take()).toEqual([]);
    full.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
    full.read('/');
    solo.turn();
    // Nobody reports to a core whose time stands still.
    solo.nowMs += 5_000;
    solo.core.tick();
    solo.turn();
    expect([client.take(), full.take()]).toEqual([['stale'], ['stale']]);
    solo.pass(300);
    expect(client.take()).toEqual(['live']);
    full.unsent = 0;
    full.attachment.drained();
    solo.pass(300);
    expect(full.take().filter((text) => text === 'live')).toEqual(['live']);
  });

  it('is what a new connection learns at once', () => {
    const solo = new Solo();
    const client = solo.connect();
    solo.turn();
    expect(client.take()).toEqual(['stale']);
  });
});
