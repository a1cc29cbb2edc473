/**
 * Goal: what the command line promises about the roll, with real processes and real signals: joins in
 * order, leaves in time and with their reason, places kept, ids guarded.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, TestCluster } from '../support/cluster.js';
import { type Process, Processes } from '../support/processes.js';

interface Line {
  readonly type: string;
  readonly time: string;
  readonly revision: number;
  readonly instance?: { readonly id: string; readonly state: string; readonly port: number };
  readonly instances?: readonly { readonly id: string }[];
  readonly reason?: string;
}

const processes = new Processes();
let closeCluster: () => Promise<void>;
let watch: Process;
let ports: number[];

beforeAll(async () => {
  const cluster = await TestCluster.start({ onEnd: (close) => (closeCluster = close) });
  processes.endpoints = cluster.endpoints;
  ports = await freePorts(4);
  watch = processes.start('watch', 'web', '-o', 'json');
  await seen((line) => line.type === 'snapshot');
}, 40_000);

afterAll(async () => {
  await processes.stopAll();
  await closeCluster();
});

function linesOf(process: Process): Line[] {
  return process.lines.map((text) => JSON.parse(text) as Line);
}

function seen(wanted: (line: Line) => boolean, after = 0): Promise<Line> {
  return watch.until((process) => linesOf(process).slice(after).find(wanted));
}

function linesAbout(id: string, after: number): string[] {
  return linesOf(watch)
    .slice(after)
    .filter((line) => line.instance?.id === id)
    .map((line) => line.type);
}

function register(id: string, port: number, ...command: string[]): Process {
  const options = ['--id', id, '--port', String(port)];
  return processes.start('register', 'web', ...options, '--', ...command);
}

describe('the roll', () => {
  const registrars = new Map<string, Process>();

  it('opens with a snapshot, then joins come in order, STARTING already', async () => {
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      registrars.set(id, register(id, ports[i]!, 'sleep', '600'));
      const join = await seen((line) => line.type === 'join' && line.instance?.id === id);
      expect(join.instance).toMatchObject({ id, port: ports[i], state: 'STARTING' });
    }
    const lines = linesOf(watch);
    expect(lines[0]).toMatchObject({ type: 'snapshot', instances: [] });
    const revisions = lines.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
    const { out } = await processes.run('instances', 'web', '-o', 'name');
    expect(out).toBe('a\nb\nc\n');
  }, 20_000);

  it('a second live process with an id in use is turned away', async () => {
    const { code, err } = await register('c', ports[3]!, 'sleep', '600').ended;
    expect(code).toBe(1);
    expect(err).toContain('ID_IN_USE');
    expect(err).toContain('--takeover');
  }, 20_000);

  it('a killed registrar leaves within 2.6 seconds, and its command with it', async () => {
    const before = linesOf(watch).length;
    const killed = performance.now();
    registrars.get('a')!.kill('SIGKILL');
    const leave = await seen((line) => line.type === 'leave', before);
    expect(performance.now() - killed).toBeLessThan(2_600);
    expect(leave).toMatchObject({ reason: 'disconnected', instance: { id: 'a' } });
  }, 20_000);

  it('one that starts again within its grace keeps its place: one change, nothing else', async () => {
    const before = linesOf(watch).length;
    registrars.get('c')!.kill('SIGKILL');
    registrars.set('c', register('c', ports[2]!, 'sleep', '600'));
    await seen((line) => line.type === 'change' && line.instance?.id === 'c', before);
    // Past the grace of the first: nothing may follow.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(linesAbout('c', before)).toEqual(['change']);
  }, 20_000);

  it('a stopped registrar leaves 9.3 to 10.6 seconds after it was stopped', async () => {
    const before = linesOf(watch).length;
    const stopped = performance.now();
    registrars.get('b')!.kill('SIGSTOP');
    const leave = await seen((line) => line.type === 'leave', before);
    const took = performance.now() - stopped;
    expect(leave).toMatchObject({ reason: 'expired', instance: { id: 'b' } });
    expect(took).toBeGreaterThan(9_300);
    expect(took).toBeLessThan(10_600);
  }, 25_000);
});
