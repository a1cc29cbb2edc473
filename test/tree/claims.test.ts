/** Claims on the roll: who may have an id, who keeps it, and what an operator may say (design 5, Catalog). */
import { describe, expect, it } from 'vitest';
import { decodeInstance } from '../../src/codec/instance.js';
import type { Register, SetOverride } from '../../src/types/command.js';
import { asRevision, asTerm } from '../../src/types/ids.js';
import { OVERRIDES_MAX } from '../../src/types/limits.js';
import { A, bytes, create, Driver, register, remove, START } from './driver.js';

const PATH = '/services/web/a';

function withHolder(options: Partial<Register> = {}) {
  const driver = new Driver();
  const holder = driver.open({ secret: 1, graceMs: 1000 });
  const other = driver.open({ secret: 2 });
  const outcome = driver.ask(register('web', 'a', options), { session: holder, epoch: 1 });
  if (outcome.type !== 'registered') throw new Error('not registered');
  return { driver, holder, other, stat: outcome.stat };
}

describe('a first registration', () => {
  it('makes the service on the way, and joins at the end of the roll', () => {
    const driver = new Driver();
    const session = driver.open();
    const result = driver.apply(register('web', 'a'), { session, epoch: 1 });
    expect(result.events.map((e) => [e.type, e.path, e.stat.kind])).toEqual([
      ['created', '/services', 'persistent'],
      ['created', '/services/web', 'container'],
      ['created', PATH, 'ephemeral'],
    ]);
    expect(result.applied!.outcome).toMatchObject({
      type: 'registered',
      path: PATH,
      tookOver: false,
      stat: { owner: session, incarnation: 2, sequence: 0, createRevision: 2 },
    });
    driver.ask(register('web', 'b'), { session, epoch: 1 });
    expect(driver.tree.get('/services/web/b')!.stat.sequence).toBe(1);
    expect(driver.tree.services({ limit: 10 })).toEqual({
      services: [{ name: 'web', count: 2 }],
      more: false,
    });
  });

  it('needs a session, unless static', () => {
    const driver = new Driver();
    expect(driver.answer(register('web', 'a'))).toBe('NO_SESSION');
    expect(driver.answer(register('web', 'a', { isStatic: true }))).toBe('registered');
    expect(driver.tree.get(PATH)!.stat).toMatchObject({ owner: 0, kind: 'persistent' });
  });

  it('is not possible where an ephemeral stands in the way', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.ask(create('/services', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    const before = driver.names('/');
    const asking = { session, epoch: 1 };
    expect(driver.answer(register('web', 'a'), asking)).toBe('NO_CHILDREN_FOR_EPHEMERALS');
    expect(driver.names('/')).toEqual(before);
  });
});

describe('an id that is held', () => {
  type Holder = ReturnType<typeof withHolder>;
  const detach = ({ driver, holder }: Holder) =>
    void driver.ask({ kind: 'detachSession', session: holder, epoch: 1, term: asTerm(1) });
  const nothing = () => {};
  const elsewhere = { address: '10.9.9.9', port: 9 };
  const rows: [string, (h: Holder) => void, 'holder' | 'other', Partial<Register>, string][] = [
    ['from elsewhere', nothing, 'other', elsewhere, 'ID_IN_USE'],
    ['from the same address, another port', nothing, 'other', { port: 81 }, 'ID_IN_USE'],
    ['from the same address and port', nothing, 'other', {}, 'registered'],
    ['by its own session', nothing, 'holder', elsewhere, 'registered'],
    [
      'from elsewhere when its holder lost the connection',
      detach,
      'other',
      elsewhere,
      'registered',
    ],
    ['from elsewhere by force', nothing, 'other', { ...elsewhere, takeover: true }, 'registered'],
  ];
  it.each(rows)('claimed %s', (_, prepare, who, options, answer) => {
    const held = withHolder();
    prepare(held);
    const asking = { session: held[who], epoch: 1 };
    expect(held.driver.answer(register('web', 'a', options), asking)).toBe(answer);
    const { stat } = held.driver.tree.get(PATH)!;
    expect(stat.owner).toBe(answer === 'registered' ? held[who] : held.holder);
  });

  it('names the holder’s address in the refusal', () => {
    const { driver, other } = withHolder();
    const outcome = driver.ask(register('web', 'a', elsewhere), { session: other, epoch: 1 });
    expect(outcome).toMatchObject({ code: 'ID_IN_USE', detail: '10.0.0.1:8080' });
  });

  it('keeps its place when taken over: one change, no flap', () => {
    const { driver, other, holder, stat } = withHolder();
    driver.ask(register('web', 'b'), { session: holder, epoch: 1 });
    const result = driver.apply(register('web', 'a'), { session: other, epoch: 1 });
    expect(result.events.map((e) => [e.type, e.path, e.cause])).toEqual([
      ['changed', PATH, 'takeover'],
    ]);
    expect(result.applied!.outcome).toMatchObject({
      tookOver: true,
      stat: {
        owner: other,
        sequence: stat.sequence,
        createRevision: stat.createRevision,
        ordinal: stat.ordinal,
        incarnation: driver.tree.revision,
        version: 1,
      },
    });
    expect(driver.paths(holder)).toEqual(['/services/web/b']);
    expect(driver.paths(other)).toEqual([PATH]);
  });

  it('survives the end of the session it was taken from', () => {
    const { driver, other, holder } = withHolder();
    driver.ask(register('web', 'a'), { session: other, epoch: 1 });
    expect(driver.apply({ kind: 'closeSession' }, { session: holder, epoch: 1 }).events).toEqual(
      [],
    );
    expect(driver.tree.get(PATH)!.stat.owner).toBe(other);
  });

  it('may change between static and ephemeral', () => {
    const { driver, holder } = withHolder();
    driver.ask(register('web', 'a', { isStatic: true }));
    expect(driver.tree.get(PATH)!.stat).toMatchObject({ owner: 0, kind: 'persistent' });
    driver.ask(register('web', 'a'), { session: holder, epoch: 1 });
    expect(driver.tree.get(PATH)!.stat).toMatchObject({ owner: holder, kind: 'ephemeral' });
  });

  it('by a node that is no instance is not taken by address', () => {
    const driver = new Driver();
    const session = driver.open();
    for (const path of ['/services', '/services/web', PATH]) driver.ask(create(path));
    expect(driver.answer(register('web', 'a'), { session, epoch: 1 })).toBe('ID_IN_USE');
    driver.ask(create(`${PATH}/child`));
    const forced = register('web', 'a', { takeover: true });
    expect(driver.answer(forced, { session, epoch: 1 })).toBe('NOT_EMPTY');
  });
});

describe('a change or end of a claim', () => {
  type Who = 'holder' | 'other' | 'operator';
  const rows: [Who, 'current' | 'old' | 'any', string, string, string][] = [
    ['holder', 'current', 'set', 'deleted', 'it is its own'],
    ['holder', 'old', 'REPLACED', 'REPLACED', 'another claim stands'],
    ['holder', 'any', 'REPLACED', 'deleted', 'whatever stands is its own'],
    ['other', 'current', 'DENIED', 'DENIED', 'knowing the number is not owning'],
    ['other', 'any', 'REPLACED', 'DENIED', 'not its own'],
    ['operator', 'current', 'set', 'deleted', 'an operator may'],
    ['operator', 'any', 'REPLACED', 'deleted', 'an operator may end any claim'],
  ];
  it.each(rows)('by the %s with the %s incarnation: %s, %s (%s)', (who, which, updated, ended) => {
    const { driver, holder, other, stat } = withHolder();
    const sessions = { holder, other, operator: 0 };
    const asking = { session: sessions[who], epoch: who === 'operator' ? 0 : 1 };
    const incarnation = { current: stat.incarnation, old: asRevision(1), any: asRevision(0) }[
      which
    ];
    const target = { ...A, incarnation };
    const data = bytes('{}');
    expect(driver.answer({ kind: 'updateInstance', ...target, data }, asking)).toBe(updated);
    expect(driver.answer({ kind: 'deregister', ...target }, asking)).toBe(ended);
  });

  it('of an instance that is not there finds none', () => {
    const target = { service: 'web', id: 'x', incarnation: asRevision(1), who: '', why: '' };
    const driver = new Driver();
    const data = bytes('');
    expect(driver.answer({ kind: 'updateInstance', ...target, data })).toBe('NO_NODE');
    expect(driver.answer({ kind: 'deregister', ...target })).toBe('NO_NODE');
  });

  it('tells its subscribers whether the owner left, was taken off, or was deleted by a client', () => {
    for (const [session, who, cause] of [
      [1, '', 'close'],
      [0, 'ann', 'operator'],
      [1, 'ann', 'operator'],
      [2, 'ann', 'operator'],
      [0, '', 'client'],
    ] as const) {
      const { driver, stat } = withHolder();
      const { incarnation } = stat;
      const body = { kind: 'deregister', ...A, incarnation, who } as const;
      const { events } = driver.apply(body, { session, epoch: session === 0 ? 0 : 1 });
      expect(events.map((e) => [e.type, e.cause])).toEqual([['deleted', cause]]);
    }
  });

  it('leaves the sequence of the service alone', () => {
    const { driver, holder } = withHolder();
    driver.ask(remove(PATH));
    driver.ask(register('web', 'a'), { session: holder, epoch: 1 });
    expect(driver.tree.get(PATH)!.stat.sequence).toBe(1);
  });
});

describe('an operator’s override', () => {
  const override = (
    action: SetOverride['action'],
    options: Partial<SetOverride> = {},
  ): SetOverride => ({
    kind: 'setOverride',
    service: 'web',
    id: 'a',
    action,
    who: 'ann',
    reason: 'disk',
    until: 0,
    ...options,
  });

  it('to drain is one event, and shows on the instance', () => {
    const { driver } = withHolder();
    const { events } = driver.apply(override('drain'));
    expect(events).toMatchObject([
      { type: 'overridden', path: PATH, cause: 'operator', override: { action: 'drain' } },
    ]);
    const instance = decodeInstance(driver.tree.get(PATH)!);
    expect(instance).toMatchObject({ state: 'DRAINING', overridden: true });
  });

  it('survives that its instance registers again', () => {
    const { driver, holder } = withHolder();
    driver.ask(override('drain'));
    driver.ask(remove(PATH));
    const { events } = driver.apply(register('web', 'a'), { session: holder, epoch: 1 });
    expect(events[0]!.override).toMatchObject({ action: 'drain', who: 'ann' });
    expect(driver.tree.get(PATH)!.override).toMatchObject({ action: 'drain' });
  });

  it('is lifted with one event, and lifting nothing has none', () => {
    const { driver } = withHolder();
    driver.ask(override('drain'));
    const { events } = driver.apply(override('lift'));
    expect(events).toMatchObject([{ type: 'overridden', path: PATH }]);
    expect(events[0]).not.toHaveProperty('override');
    expect(driver.tree.get(PATH)).not.toHaveProperty('override');
    expect(driver.apply(override('lift')).events).toEqual([]);
  });

  it('to deregister deletes, and keeps the id away until lifted', () => {
    const { driver, holder } = withHolder();
    const asking = { session: holder, epoch: 1 };
    const { events } = driver.apply(override('deregister'));
    expect(events.map((e) => [e.type, e.cause])).toEqual([['deleted', 'operator']]);
    expect(driver.answer(register('web', 'a'), asking)).toBe('DENIED');
    expect(driver.answer(register('web', 'a', { takeover: true }), asking)).toBe('DENIED');
    driver.ask(override('lift'));
    expect(driver.answer(register('web', 'a'), asking)).toBe('registered');
  });

  it('beyond the bound on overrides is refused; one that stands may be replaced', () => {
    const driver = new Driver();
    driver.isChecking = false;
    for (let i = 0; i < OVERRIDES_MAX; i++) driver.ask(override('drain', { id: `i${i}` }));
    expect(driver.answer(override('drain', { id: 'one-more' }))).toBe('TOO_LARGE');
    expect(driver.answer(override('deregister', { id: 'i7' }))).toBe('done');
  });

  it('to deregister ends by itself at its time', () => {
    const { driver, holder } = withHolder();
    driver.ask(override('deregister', { until: START + 60_000 }));
    const asking = { session: holder, epoch: 1 };
    expect(driver.answer(register('web', 'a'), asking)).toBe('DENIED');
    driver.time = START + 60_000;
    expect(driver.answer(register('web', 'a'), asking)).toBe('registered');
  });

  it('may speak of an instance that is not there', () => {
    const driver = new Driver();
    expect(driver.apply(override('drain')).events).toEqual([]);
    expect(
      driver.tree.overridesPage({ service: '', after: '', limit: 10 }).overrides,
    ).toMatchObject([{ service: 'web', id: 'a' }]);
  });
});
