/**
 * Goal: what operators ask and do, with real processes: why each instance vanished, whom an act affects
 * before and after it, and that a typo is answered with what was meant.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import { freePorts, TestCluster } from '../support/cluster.js';
import { until } from '../support/drill.js';
import { type Ended, type Process, Processes } from '../support/processes.js';

const processes = new Processes();
const registrars = new Map<string, Process>();
let closeCluster: () => Promise<void>;
let ports: number[];

const IDS = ['closed', 'killed', 'hung', 'removed', 'taken-off', 'revoked', 'replaced', 'here'];

/** Short where a test waits for its end. */
const LIVENESS: Readonly<Record<string, readonly string[]>> = {
  killed: ['--grace', '300ms'],
  hung: ['--session-timeout', '4s'],
};

beforeAll(async () => {
  const cluster = await TestCluster.start({ onEnd: (close) => (closeCluster = close) });
  processes.endpoints = cluster.endpoints;
  ports = await freePorts(IDS.length + 1);
  // One after the other: processes that start together starve each other.
  for (const [i, id] of IDS.entries()) {
    const registrar = register(id, ports[i]!, ...(LIVENESS[id] ?? []));
    registrars.set(id, registrar);
    await registrar.until(({ lines }) => lines.find((line) => line.startsWith('registered')));
  }
}, 60_000);

afterAll(async () => {
  await processes.stopAll();
  await closeCluster();
});

function register(id: string, port: number, ...more: string[]): Process {
  const place = ['--id', id, '--port', String(port), '--address', '127.0.0.1'];
  return processes.start('register', 'web', ...place, ...more);
}

const run = (...args: string[]): Promise<Ended> => processes.run(...args);

async function lines(...args: string[]): Promise<string[]> {
  const { code, out, err } = await run(...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out.split('\n').slice(0, -1);
}

/** What `why` says once the instance is gone. */
async function whyGone(id: string): Promise<string[]> {
  return until(async () => {
    const said = await lines('why', `web/${id}`);
    return said[0] === `web/${id} is not on the roll.` && said;
  }, `${id} leaves`);
}

async function sessionOf(id: string): Promise<string> {
  const { out } = await run('why', `web/${id}`);
  return /session (0x[0-9a-f]+)/.exec(out)![1]!;
}

describe('why', () => {
  it('tells a regular end', async () => {
    registrars.get('closed')!.kill('SIGINT');
    const [, left, was, advice] = await whyGone('closed');
    expect(left).toMatch(/^It left \S+ ago \(.+\), revision \d+: it was closed from its own side/);
    expect(was).toContain(`127.0.0.1:${ports[0]}`);
    expect(advice).toContain('see what ended its process');
  }, 30_000);

  it('tells a killed process by its connection and its grace', async () => {
    registrars.get('killed')!.kill('SIGKILL');
    const [, left] = await whyGone('killed');
    expect(left).toContain('did not come back within its grace of 300ms');
    expect(left).toMatch(/last attached through r[123]/);
  }, 30_000);

  it('tells a hung process by the time without a sign of life', async () => {
    registrars.get('hung')!.kill('SIGSTOP');
    const [, left] = await whyGone('hung');
    registrars.get('hung')!.kill('SIGKILL');
    expect(left).toContain('expired: no sign of life for 4s, last attached through r');
  }, 30_000);

  it('tells a client that deregistered it', async () => {
    await using client = connect(processes.endpoints);
    await client.deregister('web', 'removed');
    const [, left] = await whyGone('removed');
    expect(left).toContain(': a client deregistered it');
  }, 30_000);

  it('tells the operator who took it off, why, and that the id is kept off', async () => {
    const act = ['deregister', 'web/taken-off', '--for', '1h', '--reason', 'bad build'];
    const [would] = await lines(...act, '--dry-run');
    expect(would).toMatch(/^web\/taken-off would be deregistered and kept off until .+ \(1h\)$/);
    await lines(...act);
    const [, word, left] = await whyGone('taken-off');
    expect(word).toMatch(/^An operator keeps it off: .+ until .+"bad build"/);
    expect(left).toContain('deregistered it: "bad build"');
    const { code } = await register('taken-off', ports[4]!).ended;
    expect(code).not.toBe(0);
    const [lifted] = await lines('undrain', 'web/taken-off');
    expect(lifted).toMatch(
      /allowed to register again; it was kept off by .+: "bad build", revision/,
    );
  }, 30_000);

  it('tells the operator who ended its session', async () => {
    const session = await sessionOf('revoked');
    const act = ['session', 'revoke', session, '--reason', 'runaway'];
    const [would, whom] = await lines(...act, '--dry-run');
    expect(would).toContain('would be revoked: 1 node goes, 1 instance among them');
    expect(whom).toMatch(/^web: \d of \d remain UP; \d+ subscribers?$/);
    const [done] = await lines(...act);
    expect(done).toContain(`session ${session} (`);
    const [, left] = await whyGone('revoked');
    expect(left).toContain(`ended its session ${session}: "runaway"`);
    expect((await run(...act)).err).toContain('it has ended, or never was');
  }, 30_000);

  it('tells a takeover, and that the place was kept', async () => {
    register('replaced', ports[IDS.length]!, '--takeover');
    const said = await until(async () => {
      const all = await lines('why', 'web/replaced');
      return all.some((line) => line.includes('displaced')) && all;
    }, 'the takeover');
    expect(said[0]).toContain(`is on the roll: UP at 127.0.0.1:${ports[IDS.length]}`);
    expect(said[1]).toMatch(/another registration \(at \S+\) took its id\.$/);
    expect(said).toContain('Its place on the roll was kept.');
  }, 30_000);

  it('tells who came back, and gives scripts the record', async () => {
    registrars.set('closed', register('closed', ports[0]!));
    const said = await until(async () => {
      const all = await lines('why', 'web/closed');
      return all[0]!.includes('is on the roll') && all;
    }, 'it comes back');
    expect(said.join('\n')).toMatch(/It came back \S+ later, at /);
    const { out } = await run('why', 'web/closed', '-o', 'json');
    const row = JSON.parse(out) as { onRoll: boolean; departures: { reason: string }[] };
    expect(row.onRoll).toBe(true);
    expect(row.departures.map(({ reason }) => reason)).toEqual(['closed']);
  }, 30_000);

  it('of nobody known says who is near, and how far the record reaches', async () => {
    const { code, err } = await run('why', 'web/kiled');
    expect(code).toBe(1);
    expect(err).toContain('no instance web/kiled; did you mean web/killed?');
    expect(err).toContain('keeps the last 50 registrations that ended');
    expect((await run('why', 'wbe/here')).err).toContain("no service 'wbe'; did you mean web?");
  }, 30_000);
});

describe('drain', () => {
  it('says whom it affects, shows, survives, and is lifted', async () => {
    const watch = processes.start('watch', 'web', '-o', 'json');
    await watch.until(({ lines: shown }) => shown[0]);
    const act = ['drain', 'web/here', '--reason', 'new disk', '--for', '10m'];
    const [would, whom] = await lines(...act, '--dry-run');
    expect(would).toMatch(/^web\/here would be drained until .+ \(10m\)$/);
    expect(whom).toBe('web: 2 of 3 remain UP; 1 subscriber');
    const [done, then] = await lines(...act);
    expect(done).toMatch(/^web\/here drained until .+ \(10m\), revision \d+$/);
    expect(then).toBe(whom);
    await watch.until(({ lines: shown }) => shown.find((line) => line.includes('DRAINING')));
    expect((await lines('why', 'web/here'))[0]).toContain('DRAINING by an operator');
    expect((await lines('undrain', 'web/here'))[0]).toContain('it was drained by');
    const again = await run('undrain', 'web/here');
    expect(again.code).toBe(1);
    expect(again.err).toContain("no operator's word stands on web/here");
  }, 30_000);

  it('leaves somebody UP unless it is forced', async () => {
    const all = ['web/here', 'web/closed', 'web/replaced'];
    const { code, err } = await run('drain', ...all, '--reason', 'x');
    expect(code).toBe(1);
    expect(err).toContain('would drain all 3 instances that are UP: web: 0 of 3 remain UP');
    expect(err).toContain('--force');
    expect((await lines('drain', ...all, '--reason', 'x', '--force')).at(-1)).toContain('0 of 3');
    await lines('undrain', ...all);
  }, 30_000);

  it('changes nothing when one name was never heard of', async () => {
    const { code, err } = await run('drain', 'web/here', 'web/her', '--reason', 'x');
    expect(code).toBe(1);
    expect(err).toContain('no instance web/her; did you mean web/here?');
    expect((await lines('why', 'web/here'))[0]).toContain(': UP at');
  }, 30_000);
});

describe('services and sessions', () => {
  it('settings are compared and set, and their difference is shown', async () => {
    const set = ['service', 'set', 'web', '--minimum-healthy', '50%', '--field', 'owner=ann'];
    const would = await lines(...set, '--dry-run');
    expect(would.slice(0, 2)).toEqual([
      'minimum healthy: none -> 50%',
      'field owner: unset -> "ann"',
    ]);
    expect((await lines(...set)).at(-1)).toMatch(
      /^web: \d+ subscribers? (is|are) told; version \d+/,
    );
    // What stands already is not written again: no version, no entry in the audit, nobody told.
    expect(await lines(...set)).toEqual(['web: nothing differs; version 1 stands']);
    const { code, err } = await run('service', 'set', 'web', '--policy', 'x', '--version', '999');
    expect(code).toBe(1);
    expect(err).toContain('BAD_VERSION');
    await lines('service', 'set', 'web', '--unset', 'owner');
    const shown = await lines('service', 'show', 'web');
    expect(shown.join('\n')).toMatch(/minimum healthy +50%/);
    expect(shown.join('\n')).toMatch(/left lately .*\d+ closed/);
  }, 30_000);

  it('that several operators set at the same time all stand', async () => {
    const keys = ['a', 'b', 'c'];
    await Promise.all(keys.map((key) => run('service', 'set', 'web', '--field', `${key}=1`)));
    const { out } = await run('service', 'show', 'web', '-o', 'json');
    const { settings } = JSON.parse(out) as { settings: { fields: Record<string, string> } };
    expect(settings.fields).toMatchObject({ a: '1', b: '1', c: '1' });
  }, 30_000);

  it('are found by service and label, and shown with what dies with them', async () => {
    const ids = await lines('sessions', '--service', 'web', '-o', 'name');
    expect(ids).toHaveLength(3);
    const decimal = String(Number(ids[0]));
    const shown = await lines('session', 'show', decimal);
    expect(shown[0]).toMatch(new RegExp(`^session +${ids[0]}$`));
    expect(shown.at(-1)).toMatch(/^ {2}\/services\/web\//);
    expect(await lines('sessions', '--label', 'nobody of that name', '-o', 'json')).toEqual(['[]']);
  }, 30_000);

  it('what was done stands in the audit, newest first', async () => {
    const { out } = await run('audit', '-o', 'json');
    const acts = (JSON.parse(out) as { action: string; why: string }[]).reverse();
    expect(acts.map(({ action }) => action)).toEqual([
      'deregister',
      'undrain',
      'revoke',
      'drain',
      'undrain',
      ...['drain', 'drain', 'drain', 'undrain', 'undrain', 'undrain'],
      ...Array.from({ length: 5 }, () => 'settings'),
    ]);
    expect(acts[0]!.why).toBe('bad build');
    expect(await lines('audit', '--limit', '1')).toHaveLength(2);
  }, 30_000);
});
