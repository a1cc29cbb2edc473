/** What operators ask and do through the SDK, against members in this process. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Client } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

let cluster: TestCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startTestCluster();
  client = cluster.connect({ label: 'the operator' });
});

afterAll(() => cluster.close());

let names = 0;
const fresh = (prefix: string): string => `${prefix}${names++}`;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('sessions', () => {
  test('are listed with what their clients say of themselves', async () => {
    const session = await client.session({ timeoutMs: 7_000 });
    onTestFinished(() => session.close());
    await session.create(`/${fresh('e')}`, '');
    const listed = (await collect(client.admin.sessions())).find(({ id }) => id === session.id);
    expect(listed).toMatchObject({ label: 'the operator', timeoutMs: 7_000, nodes: 1 });
    expect(listed!.openedAt).toBeGreaterThan(Date.UTC(2020, 0));
  });

  test('are shown with the paths of their nodes, and not when there are none', async () => {
    const session = await client.session();
    onTestFinished(() => session.close());
    const path = `/${fresh('e')}`;
    await session.create(path, '');
    expect((await client.admin.session(session.id))!.paths).toEqual([path]);
    expect(await client.admin.session(999_999_999)).toBeUndefined();
  });

  test('are revoked with their nodes, which is in the audit, and their client is told', async () => {
    const session = await client.session();
    const path = `/${fresh('e')}`;
    await session.create(path, '');
    const by = { who: 'ada', reason: 'it hung' };
    expect((await client.admin.revokeSession(session.id, by)).nodes).toBe(1);
    expect(await client.get(path)).toBeUndefined();
    if (!session.signal.aborted) {
      await new Promise((resolve) => session.signal.addEventListener('abort', resolve));
    }
    expect(session.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' });
    for await (const entry of client.admin.audit()) {
      expect(entry).toMatchObject({ action: 'revoke', who: 'ada', why: 'it hung' });
      break;
    }
    await expect(client.admin.revokeSession(session.id)).rejects.toMatchObject({
      code: 'SESSION_EXPIRED',
      outcome: 'not-applied',
    });
  });
});

describe('services', () => {
  test('have settings that are compared and set, and reach whoever discovers them', async () => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 });
    onTestFinished(() => registration.close());
    const discovery = await client.discover(service).ready();
    onTestFinished(() => discovery.close());
    expect(discovery.settings).toMatchObject({ policy: '', version: 0, revision: 0 });
    const wanted = { policy: 'round-robin', minimumHealthy: 50, fields: { team: 'web' } };
    const set = await client.admin.setService(service, wanted, { version: 0 });
    expect(set).toMatchObject(wanted);
    await expect.poll(() => discovery.settings).toEqual(set);
    expect(discovery.describe().balancer).toBe('round-robin');
    await expect(client.admin.setService(service, {}, { version: 0 })).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
    const shown = await client.admin.service(service);
    expect(shown).toMatchObject({ service, exists: true, settings: set, instances: 1 });
  });

  test('are described with the subscribers of all members', async () => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 });
    onTestFinished(() => registration.close());
    for (const endpoint of cluster.endpoints) {
      const other = cluster.connect({ learnMembers: false, label: endpoint });
      await other.discover(service).ready();
    }
    expect((await client.admin.service(service)).subscribers).toBeGreaterThanOrEqual(3);
    expect(await client.admin.service(fresh('none'))).toMatchObject({
      exists: false,
      subscribers: 0,
    });
  });

  test('keep a record of who left them and why', async () => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 }, { id: 'one' });
    await registration.close();
    const [departure] = await client.admin.departures(service);
    expect(departure).toMatchObject({ service, id: 'one', reason: 'closed', port: 1 });
    expect(await client.admin.departures(service, { id: 'other' })).toEqual([]);
  });
});

describe('a registration', () => {
  const ACTS = [
    {
      act: 'an operator removes',
      perform: (service: string) => client.deregister(service, 'one', { who: 'ada' }),
      message: 'an operator removed it',
    },
    {
      act: 'an operator takes off',
      perform: (service: string) => client.admin.takeOff(service, 'one', { who: 'ada' }),
      message: 'an operator removed it',
    },
    {
      act: 'goes with a revoked session',
      perform: async (service: string) => {
        const { stat } = (await client.get(`/services/${service}/one`))!;
        await client.admin.revokeSession(stat.owner);
      },
      message: 'an operator ended its session',
    },
    {
      act: 'a client deletes',
      perform: (service: string) => client.delete(`/services/${service}/one`),
      message: 'a client deleted it',
    },
  ];

  test.each(ACTS)('that $act ends as DEREGISTERED, and says so', async ({ perform, message }) => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 }, { id: 'one' });
    await perform(service);
    for await (const state of registration.states()) if (state === 'DEREGISTERED') break;
    expect(registration.state).toBe('DEREGISTERED');
    const text = `DEREGISTERED: ${message}`;
    expect(registration.reason).toMatchObject({ code: 'DEREGISTERED', message: text });
    expect(registration.signal.reason).toBe(registration.reason);
  });
});

describe('an override', () => {
  test('drains an instance until it is lifted, by the user of this process unless said otherwise', async () => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 }, { id: 'one' });
    onTestFinished(() => registration.close());
    await client.admin.drain(service, 'one', { reason: 'upgrade' });
    const [instance] = (await client.instances(service)).instances;
    expect(instance).toMatchObject({ state: 'DRAINING', overridden: true });
    const [override] = await client.admin.overrides({ service });
    expect(override).toMatchObject({ service, id: 'one', action: 'drain', reason: 'upgrade' });
    expect(override!.who).toMatch(/.+@.+/);
    await client.admin.undrain(service, 'one');
    expect(await client.admin.overrides({ service })).toEqual([]);
    expect((await client.instances(service)).instances[0]!.state).toBe('UP');
  });

  test('takes an instance off, and its registration is told that it is final', async () => {
    const service = fresh('s');
    const registration = await client.register(service, { port: 1 }, { id: 'one' });
    await client.admin.takeOff(service, 'one', { who: 'ada' });
    for await (const state of registration.states()) if (state === 'DEREGISTERED') break;
    expect((await client.instances(service)).instances).toEqual([]);
    const again = client.register(service, { port: 1 }, { id: 'one' });
    await expect(again).rejects.toMatchObject({ outcome: 'not-applied' });
    await client.admin.undrain(service, 'one');
    const back = await client.register(service, { port: 1 }, { id: 'one' });
    await back.close();
  });
});

test('quotas bound what stands under a path, and are lifted', async () => {
  const path = `/${fresh('q')}`;
  await client.create(path);
  await client.admin.setQuota(path, { nodesMax: 2 });
  await client.create(`${path}/a`);
  await expect(client.create(`${path}/b`)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  const quota = (await client.admin.quotas()).find((each) => each.path === path);
  expect(quota).toMatchObject({ nodesMax: 2, bytesMax: 0, nodes: 2 });
  await client.admin.setQuota(path, {});
  await client.create(`${path}/b`);
});

test('a member describes its disk, its connections and itself', async () => {
  const status = await client.status();
  expect(status).toMatchObject({ disk: 'ok', corrupt: false });
  expect(status.connections).toBeGreaterThan(0);
  expect((await client.members()).map(({ name }) => name).sort()).toEqual(['r1', 'r2', 'r3']);
});
