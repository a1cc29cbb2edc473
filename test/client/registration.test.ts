/** A registration as desired state: what stands on the roll after losses, late answers and changes of mind. */
import { describe, expect, test } from 'vitest';
import { Connection } from '../../src/client/core/connection.js';
import { NO_LOG } from '../../src/client/core/log.js';
import { ServiceRegistration } from '../../src/client/discovery/registration.js';
import { SessionPool } from '../../src/client/discovery/session-pool.js';
import type { InstanceSpec } from '../../src/types/instance.js';
import { A, failure, setUp } from './connection-setup.js';
import { firstChoice } from './test-time.js';

const SPEC: InstanceSpec = {
  ...{ service: 's', id: 'i', address: '127.0.0.1', port: 80, ports: {}, protocol: 'http' },
  ...{ basePath: '', weight: 100, zone: '', tags: {}, state: 'UP', registeredAt: 0 },
};
const PATH = '/services/s/i';
const [UP, DRAINING] = [2, 3];

function setUpPool() {
  const parts = setUp({ endpoints: [A] });
  const { links, time } = parts;
  const pool = new SessionPool(
    (session) =>
      new Connection({
        ...{ links, time, random: firstChoice, seen: { revision: 0 }, session },
        ...{ timeoutMs: 5_000, failFast: false, label: 'test', log: NO_LOG },
      }),
  );
  const register = (fields: Partial<InstanceSpec> = {}) => {
    const host = {
      ...{ time, random: firstChoice, log: NO_LOG },
      take: () => pool.take(10_000, 0),
      leave: (connection: Connection) => pool.leave(connection),
      ended: () => undefined,
    };
    return new ServiceRegistration(
      host,
      { ...SPEC, ...fields },
      { takeover: false, static: false },
    );
  };
  return { ...parts, pool, register };
}

/** Somebody else keeps the session open. */
async function setUpShared() {
  const parts = setUpPool();
  const other = parts.register({ id: 'other' });
  await Promise.all([other.start({}), parts.time.advance(10)]);
  return { ...parts, other };
}

async function setUpRegistered() {
  const parts = await setUpShared();
  const registration = parts.register();
  await Promise.all([registration.start({}), parts.time.advance(10)]);
  return { ...parts, registration };
}

describe('a registration that was given up', () => {
  test('does not stand when its answer came after its deadline', async () => {
    const { cluster, time, register, other } = await setUpShared();
    cluster.member(A).isHung = true;
    const late = failure(register().start({ timeoutMs: 100 }));
    await time.advance(150);
    expect((await late).code).toBe('TIMEOUT');
    cluster.member(A).isHung = false;
    await time.advance(3_000);
    expect([...cluster.roll.keys()]).toEqual(['/services/s/other']);
    expect(other.state).toBe('REGISTERED');
  });

  test('does not stand when it was closed before it was answered', async () => {
    const { cluster, time, register } = await setUpShared();
    cluster.member(A).isHung = true;
    const registration = register();
    const started = failure(registration.start({}));
    await time.advance(10);
    await registration.close();
    expect((await started).code).toBe('CLOSED');
    cluster.member(A).isHung = false;
    await time.advance(3_000);
    expect([...cluster.roll.keys()]).toEqual(['/services/s/other']);
  });

  test('leaves alone what others have registered since', async () => {
    const { cluster, time, register } = await setUpShared();
    cluster.member(A).isHung = true;
    const late = failure(register().start({ timeoutMs: 100 }));
    await time.advance(150);
    await late;
    cluster.roll.set(PATH, { owner: 1, incarnation: 1, state: UP });
    const member = cluster.member(A);
    member.isDown = true;
    member.isHung = false;
    member.crash();
    cluster.expireSessions();
    cluster.roll.set(PATH, { owner: 1, incarnation: 1, state: UP });
    member.isDown = false;
    await time.advance(3_000);
    expect(cluster.roll.get(PATH)?.owner).toBe(1);
  });
});

describe('a change of a registration', () => {
  test('while it is registered again waits for it, and is not taken for another claim', async () => {
    const { cluster, time, registration } = await setUpRegistered();
    cluster.expireSessions();
    for (const stream of cluster.member(A).streams)
      stream.deliver([{ ended: { cause: 'expired' } }]);
    expect(registration.state).toBe('REGISTERING');
    const set = registration.setState('DRAINING');
    await time.advance(3_000);
    expect((await set).state).toBe('DRAINING');
    expect(registration.state).toBe('REGISTERED');
    expect(cluster.roll.get(PATH)!.state).toBe(DRAINING);
  });

  test('that was refused does not come back with the next registration', async () => {
    const { cluster, time, registration } = await setUpRegistered();
    const tags = { huge: 'x'.repeat(2 * 1024 * 1024) };
    expect((await failure(registration.set({ tags }))).code).toBe('TOO_LARGE');
    cluster.expireSessions();
    for (const stream of cluster.member(A).streams)
      stream.deliver([{ ended: { cause: 'expired' } }]);
    await time.advance(3_000);
    expect(registration.state).toBe('REGISTERED');
    expect(registration.instance.tags).toEqual({});
  });
});
