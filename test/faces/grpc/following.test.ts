import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChangeType, HoldState, type SubscribeResponse } from '../../../src/gen/index.js';
import { services } from '../../../src/rpc/definitions.js';
import { eventually, Harness, type Incoming } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const { Tree, Catalog } = services;

async function changes(roll: Incoming<SubscribeResponse>) {
  const message = await roll.next((each) => each.changes !== undefined);
  return message.changes!.changes.map(({ type, instance, reason }) => [type, instance!.id, reason]);
}

const shown = (roll: Incoming<SubscribeResponse>) =>
  roll.next((each) => each.snapshot !== undefined);

const { JOIN, CHANGE, LEAVE } = ChangeType;

describe('Tree.Watch', () => {
  it('gives a snapshot, then every change', async () => {
    await harness.call(Tree.Create, { path: '/w' });
    await harness.call(Tree.Create, { path: '/w/a' });
    const watch = harness.follow(Tree.Watch, { path: '/w', scope: 1, snapshot: true });
    const { snapshot } = await watch.next((each) => each.snapshot !== undefined);
    expect(snapshot).toMatchObject({ complete: true, marked: false });
    expect(snapshot!.nodes.map(({ node }) => node!.path)).toEqual(['/w/a']);
    await harness.call(Tree.Set, { path: '/w/a', data: Buffer.from('1') });
    await harness.call(Tree.Delete, { path: '/w/a' });
    const first = await watch.next((each) => each.events !== undefined);
    const second = await watch.next((each) => each.events !== undefined);
    expect([first, second].map(({ events }) => events!.events[0]!.type)).toEqual([1, 2]);
    watch.cancel();
  });

  it('goes on from a revision without a gap', async () => {
    const { revision } = await harness.call(Tree.Create, { path: '/r' });
    await harness.call(Tree.Set, { path: '/r' });
    const watch = harness.follow(Tree.Watch, { path: '/r', afterRevision: revision });
    const { events } = await watch.next((each) => each.events !== undefined);
    expect(events!.events.map(({ type }) => type)).toEqual([1]);
    watch.cancel();
  });

  it('gives a client that stopped reading everything it missed, without a gap', async () => {
    await harness.call(Tree.Create, { path: '/slow' });
    const slow = harness.follow(Tree.Watch, { path: '/slow', snapshot: true });
    await slow.next((each) => each.snapshot !== undefined);
    slow.pause();
    const data = Buffer.alloc(20_000, 1);
    for (let i = 0; i < 100; i++) await harness.call(Tree.Set, { path: '/slow', data });
    slow.resume();
    for (let version = 1; version <= 100; version++) {
      const { events } = await slow.next((each) => each.events !== undefined);
      expect(events!.events.map(({ node }) => node!.stat!.version)).toEqual([version]);
    }
    slow.cancel();
  });

  it('refuses what it cannot watch', async () => {
    const bad = await harness.follow(Tree.Watch, { path: 'x' }).end();
    expect(bad?.code).toBe(status.INVALID_ARGUMENT);
    const scope = await harness.follow(Tree.Watch, { path: '/', scope: 9 }).end();
    expect(scope?.detail?.code).toBe('INVALID_ARGUMENT');
  });
});

describe('Catalog.Subscribe', () => {
  it('shows the roll, then joins, changes and leaves with their reasons', async () => {
    const roll = harness.follow(Catalog.Subscribe, { service: 'c1' });
    expect((await shown(roll)).snapshot?.instances).toEqual([]);
    const hold = harness.follow(Catalog.Hold, { service: 'c1', id: 'h', port: 1, graceMs: 250 });
    await hold.next();
    expect(await changes(roll)).toEqual([[JOIN, 'h', '']]);
    hold.cancel();
    expect(await changes(roll)).toEqual([[LEAVE, 'h', 'disconnected']]);
    await harness.call(Catalog.Register, { service: 'c1', id: 's', port: 2, static: true });
    expect(await changes(roll)).toEqual([[JOIN, 's', '']]);
    await harness.call(Catalog.Deregister, { service: 'c1', id: 's' });
    expect(await changes(roll)).toEqual([[LEAVE, 's', 'deregistered']]);
    roll.cancel();
  });

  it('lets instances join and leave as they begin and cease to pass the filter', async () => {
    const filter = { tags: { color: 'red' } };
    const roll = harness.follow(Catalog.Subscribe, { service: 'c2', filter });
    await shown(roll);
    const register = (color: string) =>
      harness.call(Catalog.Register, {
        service: 'c2',
        id: 'x',
        port: 1,
        static: true,
        takeover: true,
        tags: { color },
      });
    await register('blue');
    await register('red');
    expect(await changes(roll)).toEqual([[JOIN, 'x', '']]);
    await register('red');
    expect(await changes(roll)).toEqual([[CHANGE, 'x', '']]);
    await register('green');
    expect(await changes(roll)).toEqual([[LEAVE, 'x', 'filtered']]);
    roll.cancel();
  });

  it('takes what is no instance for nobody', async () => {
    const roll = harness.follow(Catalog.Subscribe, { service: 'c3' });
    await shown(roll);
    await harness.call(Catalog.Register, { service: 'c3', id: 'x', port: 1, static: true });
    await changes(roll);
    await harness.call(Tree.Set, { path: '/services/c3/x', data: Buffer.from('not json') });
    expect(await changes(roll)).toEqual([[LEAVE, 'x', 'deregistered']]);
    roll.cancel();
  });
});

describe('Catalog.Hold', () => {
  it('registers with the address of the caller for as long as the call lives', async () => {
    const hold = harness.follow(Catalog.Hold, { service: 'h1', port: 9090, graceMs: 250 });
    const first = await hold.next();
    expect(first).toMatchObject({
      hold: HoldState.HELD,
      instance: { id: '127.0.0.1-9090', address: '127.0.0.1', port: 9090 },
    });
    const listed = await harness.call(Catalog.Instances, { service: 'h1' });
    expect(listed.instances[0]?.incarnation).toBe(first.instance!.incarnation);
    hold.cancel();
    const isGone = async () =>
      (await harness.call(Catalog.Instances, { service: 'h1' })).instances.length === 0;
    while (!(await isGone()));
  });

  it('outlives its grace many times over while the call is open', async () => {
    const hold = harness.follow(Catalog.Hold, {
      service: 'h2',
      port: 1,
      sessionTimeoutMs: 2_000,
      graceMs: 250,
    });
    await hold.next();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const { instances } = await harness.call(Catalog.Instances, { service: 'h2' });
    expect(instances).toHaveLength(1);
    hold.cancel();
  }, 10_000);

  it('says REPLACED and ends when another registration takes the id', async () => {
    const request = { service: 'h3', id: 'same', address: '10.0.0.1', port: 1 };
    const first = harness.follow(Catalog.Hold, request);
    await first.next();
    const refused = await harness.follow(Catalog.Hold, { ...request, port: 2 }).end();
    expect(refused?.detail?.code).toBe('ID_IN_USE');
    const second = harness.follow(Catalog.Hold, { ...request, port: 2, takeover: true });
    expect((await second.next()).hold).toBe(HoldState.HELD);
    expect((await first.next((each) => each.hold === HoldState.REPLACED)).instance?.port).toBe(2);
    expect(await first.end()).toBeUndefined();
    second.cancel();
  });

  it('ends when somebody deregisters the instance', async () => {
    const hold = harness.follow(Catalog.Hold, { service: 'h4', id: 'x', port: 1 });
    await hold.next();
    await harness.call(Catalog.Deregister, { service: 'h4', id: 'x' });
    expect((await hold.end())?.detail?.code).toBe('NO_NODE');
  });

  it('refuses what can never be registered', async () => {
    const noPort = await harness.follow(Catalog.Hold, { service: 'h6' }).end();
    expect(noPort?.detail?.code).toBe('INVALID_ARGUMENT');
    const terms = { service: 'h6', port: 1, sessionTimeoutMs: 1 };
    const brief = await harness.follow(Catalog.Hold, terms).end();
    expect(brief?.detail?.code).toBe('INVALID_ARGUMENT');
    await eventually(() => harness.member.service.status().hasQuorum);
  });
});
