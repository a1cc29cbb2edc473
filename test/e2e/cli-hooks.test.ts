/**
 * Goal: what a watch does by itself happens in order, for the latest state, in spite of failures, and never on
 * the strength of a view that is in doubt. Method: real commands that note what they were told, a real receiver.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Client, connect, type Registration } from '../../src/client/index.js';
import { httpServer } from '../cli/check/servers.js';
import { TestCluster } from '../support/cluster.js';
import { Processes } from '../support/processes.js';

const processes = new Processes();
const PATIENCE = { timeout: 15_000, interval: 25 };

let closeCluster: () => Promise<void>;
let cluster: TestCluster;
let client: Client;
let folder: string;

beforeAll(async () => {
  cluster = await TestCluster.start({ members: 1, onEnd: (close) => (closeCluster = close) });
  processes.endpoints = cluster.endpoints;
  client = connect(cluster.endpoints);
}, 40_000);

afterAll(async () => {
  await processes.stopAll();
  await client.close();
  await closeCluster();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-hooks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** What the runs of a command have noted so far, a line each. */
function runs(): string[] {
  const file = join(folder, 'runs');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

/** Notes event, id, reason and URLs, then does what `then` says. */
function noting(then = ''): string {
  const what = '"$ROLLCALL_EVENT $ROLLCALL_ID $ROLLCALL_REASON [$ROLLCALL_URLS]"';
  return `echo ${what} >> ${join(folder, 'runs')}; ${then}`;
}

/** Holds a run up until the test lets it go. */
const untilGo = (): string => `while [ ! -e ${join(folder, 'go')} ]; do sleep 0.02; done`;
const go = (): void => writeFileSync(join(folder, 'go'), '');

const place = (port: number) => ({ address: '10.0.0.1', port });
const url = (port: number): string => `http://10.0.0.1:${port}`;

async function join3(service: string): Promise<Registration[]> {
  const made: Registration[] = [];
  for (const port of [1, 2, 3]) {
    made.push(await client.register(service, place(port), { id: `i${port}` }));
  }
  return made;
}

describe('a command', () => {
  it('runs for the list as it is, then for each change, with all there is to know', async () => {
    processes.start('watch', 'told', '--exec', '--', 'sh', '-c', noting());
    await expect.poll(runs, PATIENCE).toEqual(['snapshot   []']);
    const registration = await client.register('told', place(1), { id: 'a' });
    await expect.poll(runs, PATIENCE).toHaveLength(2);
    await registration.setState('DRAINING');
    await expect.poll(runs, PATIENCE).toHaveLength(3);
    await registration.close();
    await expect.poll(runs, PATIENCE).toHaveLength(4);
    const then = [`join a  [${url(1)}]`, 'change a  []', 'leave a closed []'];
    expect(runs().slice(1)).toEqual(then);
  }, 40_000);

  it('runs once for all that changed while it ran, and knows the outcome', async () => {
    processes.start('watch', 'busy', '--exec', noting(untilGo()));
    await expect.poll(runs, PATIENCE).toHaveLength(1);
    await join3('busy');
    // What the watch of another client has shown, this one has seen or will see next.
    await client.discover('busy').ready({ min: 3 });
    go();
    await expect.poll(() => runs().at(-1), PATIENCE).toContain(`[${url(1)} ${url(2)} ${url(3)}]`);
    expect(runs().length).toBeLessThanOrEqual(3);
    expect(runs()[1]).toMatch(/^changes {3}\[|^join i\d {2}\[/);
  }, 40_000);

  it('runs for every one, in order, when asked to', async () => {
    processes.start('watch', 'each', '--each', '--exec', noting(untilGo()));
    await expect.poll(runs, PATIENCE).toHaveLength(1);
    const [first] = await join3('each');
    await first!.close();
    go();
    await expect.poll(runs, PATIENCE).toHaveLength(5);
    const events = runs().map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(events).toEqual(['snapshot ', 'join i1', 'join i2', 'join i3', 'leave i1']);
  }, 40_000);

  it('may fail: that is told, and the watch goes on', async () => {
    const watch = processes.start('watch', 'fails', '--exec', noting('exit 3'));
    await watch.until(({ err }) => (err.includes('ended with 3') ? true : undefined));
    await client.register('fails', place(1), { id: 'a' });
    await watch.until(({ err }) => (err.includes('join fails/a') ? true : undefined));
    expect(runs()).toHaveLength(2);
  }, 40_000);

  it('that runs may end when the watch is told to', async () => {
    const script = noting(`${untilGo()}; echo done >> ${join(folder, 'runs')}`);
    const watch = processes.start('watch', 'ends', '--exec', script);
    await expect.poll(runs, PATIENCE).toHaveLength(1);
    watch.kill('SIGTERM');
    go();
    expect((await watch.ended).code).toBe(143);
    expect(runs().at(-1)).toBe('done');
  }, 40_000);

  it('never sees a list that only a lost connection has emptied', async () => {
    await client.register('kept', place(1), { id: 'a', static: true });
    processes.start('watch', 'kept', '--exec', noting());
    await expect.poll(runs, PATIENCE).toEqual([`snapshot   [${url(1)}]`]);
    await cluster.kill('r1');
    // Past the age at which a view turns STALE.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    cluster.start('r1');
    await cluster.untilReady('r1');
    await client.register('kept', place(2), { id: 'b', static: true });
    await expect.poll(() => runs().at(-1), PATIENCE).toContain(`${url(1)} ${url(2)}`);
    expect(runs().every((line) => line.includes(url(1)))).toBe(true);
  }, 40_000);
});

interface Post {
  readonly revision: number;
  readonly key: string;
  readonly type: string;
}

describe('a webhook', () => {
  it('is told of every change, in order, though it fails at first', async () => {
    const taken: Post[] = [];
    let asked = 0;
    const port = await httpServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        if (++asked % 2 === 1) return void response.writeHead(503).end();
        const { type } = JSON.parse(body) as Post;
        const key = String(request.headers['idempotency-key']);
        taken.push({ type, key, revision: Number(request.headers['rollcall-revision']) });
        response.end();
      });
    });
    processes.start('watch', 'hook', '--webhook', `http://127.0.0.1:${port}/roll`);
    await expect.poll(() => taken.length, PATIENCE).toBe(1);
    const [first] = await join3('hook');
    await first!.close();
    await expect.poll(() => taken.length, PATIENCE).toBe(5);
    expect(taken.map(({ type }) => type)).toEqual(['snapshot', 'join', 'join', 'join', 'leave']);
    const revisions = taken.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(new Set(taken.map(({ key }) => key)).size).toBe(5);
  }, 40_000);

  it('that refuses loses that change, which is told', async () => {
    const port = await httpServer((_, response) => response.writeHead(410).end());
    const watch = processes.start('watch', 'gone', '--webhook', `http://127.0.0.1:${port}/`);
    const dropped = 'dropped by the webhook after 1 try: it answered 410';
    await watch.until(({ err }) => (err.includes(dropped) ? true : undefined));
  }, 40_000);
});
