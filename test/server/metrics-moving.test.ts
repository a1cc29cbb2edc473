/**
 * Goal: every metric of a member moves when what it speaks of moves. Method: three real members live through
 * a day in seconds; each is scraped after each part of it, and what never changed is named.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, expect, test } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import { grpcFace } from '../../src/faces/grpc/server.js';
import { services } from '../../src/rpc/definitions.js';
import { type RunningMember, startMember } from '../../src/server/main.js';
import type { Delivery, Request } from '../../src/server/service.js';
import type { CommandBody } from '../../src/types/command.js';
import { asRevision, type SessionId } from '../../src/types/ids.js';
import { until } from '../support/drill.js';
import { create, register, secretHash, set } from '../tree/driver.js';
import { freePorts } from './free-ports.js';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const MIB = 1024 * 1024;
const MAX_CONNECTIONS = 2;
/** They say what may be, and are as they were given. */
const CONSTANT = new Set([
  'rollcall_build_info',
  'rollcall_connections_limit',
  'rollcall_pending_requests_limit',
  'rollcall_pending_bytes_limit',
  'rollcall_disk_total_bytes',
]);
/** `comparison.test.ts` and `disk-health.test.ts` move what they read; others use this disk too. */
const ELSEWHERE = new Set([
  'rollcall_digest_mismatches_total',
  'rollcall_disk_stalled_seconds',
  'rollcall_disk_free_bytes',
]);

const cleanups: (() => unknown)[] = [];

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** One connection of a client, from inside. */
class Caller {
  readonly deliveries: Delivery[] = [];
  unsent = 0;
  #next = 0;
  readonly #attachment;

  constructor(member: RunningMember) {
    const deliver = (batch: readonly Delivery[]) => void this.deliveries.push(...batch);
    const sink = { deliver, unsentBytes: () => this.unsent };
    this.#attachment = member.service.attach({ identities: [], ordered: true }, sink);
  }

  write(body: CommandBody): number {
    const id = ++this.#next;
    const common = { type: 'write', id, timeoutMs: 0, kind: body.kind, seq: 0 } as const;
    this.submit({ ...common, body: encodeBody(body) });
    return id;
  }

  submit(...requests: readonly Request[]): void {
    this.#attachment.submit(requests);
  }

  async answered(id: number): Promise<Delivery> {
    return until(
      () => this.deliveries.find((one) => 'id' in one && one.id === id),
      `an answer to ${id}`,
    );
  }

  async do(...bodies: readonly CommandBody[]): Promise<void> {
    const ids = bodies.map((body) => this.write(body));
    await this.answered(ids.at(-1)!);
  }

  async open(secret: number, graceMs = 0): Promise<SessionId> {
    const id = ++this.#next;
    const hash = { secretHash: secretHash(secret), timeoutMsWanted: 2_000, graceMs, label: '' };
    this.submit({ type: 'openSession', id, timeoutMs: 0, ...hash });
    const delivery = await this.answered(id);
    if (delivery.type !== 'outcome' || delivery.outcome.type !== 'attached') throw new Error('no');
    return delivery.outcome.session;
  }

  /** Its kernel takes again: it is shown what it missed. */
  async drain(): Promise<void> {
    this.unsent = 0;
    this.#attachment.drained();
    const isMarked = (one: Delivery) => one.type === 'snapshot' && one.marked;
    await until(() => this.deliveries.some(isMarked), 'a marked snapshot');
  }

  close(reason: 'peerClosed' | 'local'): void {
    this.#attachment.close(reason);
  }
}

/** Every series of every member, with the values it has had. */
class Book {
  readonly values = new Map<string, Set<number>>();

  async scrape(members: readonly RunningMember[]): Promise<void> {
    for (const [i, { metrics }] of members.entries())
      for (const line of (await metrics.registry.metrics()).split('\n')) {
        const match = /^(rollcall_\w+(?:\{.*\})?) (\S+)$/.exec(line);
        if (match === null) continue;
        const series = `${i} ${match[1]}`;
        const values = this.values.get(series) ?? new Set();
        this.values.set(series, values.add(Number(match[2])));
      }
  }

  /** The highest value that any member has shown. */
  highest(name: string): number {
    const all = [...this.values].filter(([series]) => series.slice(2).startsWith(name));
    return Math.max(...all.flatMap(([, values]) => [...values]));
  }

  hasMoved(name: string): boolean {
    const own = [...this.values].filter(
      ([series]) =>
        series
          .slice(2)
          .split('{')[0]!
          .replace(/_(bucket|sum|count)$/, '') === name,
    );
    return own.some(([, values]) => values.size > 1);
  }
}

async function start(): Promise<RunningMember[]> {
  const ports = await freePorts(3);
  const initialMembers = ports.map((port, i) => ({
    name: `r${i + 1}`,
    peerAddress: `127.0.0.1:${port}`,
  }));
  const members = await Promise.all(
    initialMembers.map(async ({ name, peerAddress }) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'rollcall-metrics-'));
      cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
      return startMember({
        ...{ name, dataDir, initialMembers, peerListen: peerAddress, logger: SILENT },
        ...{ clientAddress: 'none:1', httpAddress: 'none:1', maxConnections: MAX_CONNECTIONS },
        tuning: { checkpointEntries: 200, historyEventsMax: 100 },
        faces: [grpcFace({ listen: '127.0.0.1:0' })],
      });
    }),
  );
  for (const member of members) cleanups.push(() => member.close());
  const hasLeader = () => members.every(({ service }) => service.status().hasQuorum);
  await until(hasLeader, 'a leader');
  return members;
}

/** A client with a connection of its own. */
function dial(member: RunningMember): Client {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0 };
  const client = new Client(member.faces[0]!.address, credentials.createInsecure(), options);
  cleanups.push(() => client.close());
  return client;
}

function call(client: Client): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = services.Tree.Get;
  const request = { path: '/' } as never;
  const none = new Metadata();
  return new Promise((resolve) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, none, () =>
      resolve(),
    ),
  );
}

/** Ends by each cause, of sessions that nobody touches. */
async function endSessions(follower: RunningMember): Promise<void> {
  await new Caller(follower).open(1);
  const dropped = new Caller(follower);
  await dropped.open(2, 250);
  dropped.close('peerClosed');
  const session = await new Caller(follower).open(3);
  const operator = new Caller(follower);
  await operator.do({ kind: 'revokeSession', session, who: 'ann', why: 'test' });
}

/** A live watch, and one whose connection is full while more happens than the history holds. */
async function watch(member: RunningMember, writer: Caller): Promise<Caller> {
  const watcher = new Caller(member);
  const slow = new Caller(member);
  const from = { type: 'watch', id: 90, timeoutMs: 0, path: '/a', start: 'now' } as const;
  for (const caller of [watcher, slow]) caller.submit({ ...from, watch: 1, scope: 'node' });
  slow.unsent = Number.MAX_SAFE_INTEGER;
  for (let round = 0; round < 4; round++)
    await writer.do(...Array.from({ length: 100 }, (_, i) => set('/a', `${round} ${i}`)));
  return slow;
}

test('every metric moves with what it speaks of', async () => {
  const book = new Book();
  const members = await start();
  await book.scrape(members);
  const leaderName = members[0]!.service.status().leader;
  const leader = members.find(({ service }) => service.status().self.name === leaderName)!;
  const [follower, other] = members.filter((member) => member !== leader);
  const writer = new Caller(follower!);
  await writer.do(create('/a'), create('/t', { nodeKind: 'ttl', ttlMs: 300 }));
  await writer.do(register('web', 'a', { isStatic: true }));
  const slow = await watch(follower!, writer);
  await book.scrape(members);
  await slow.drain();
  await endSessions(follower!);
  await book.scrape(members);
  await writer.do(register('web', 'b', { isStatic: true }));
  const big = { kind: 'set', path: '/a', data: new Uint8Array(MIB), version: -1 } as const;
  for (let i = 0; i < 9; i++) await writer.do(big, big, big, big);
  await writer.do(...Array.from({ length: 300 }, (_, i) => set('/a', `${i}`)));
  const client = dial(follower!);
  await call(client);
  await book.scrape(members);
  await Promise.all([call(client), call(dial(follower!))]);
  await call(dial(follower!));
  await until(async () => {
    await book.scrape(members);
    const series = ['timeout', 'grace', 'revoked'].map((reason) => `{reason="${reason}"}`);
    const ends = series.map((labels) => book.highest(`rollcall_sessions_expired_total${labels}`));
    return ends.every((count) => count >= 1) && book.highest('rollcall_reaps_total') >= 1;
  }, 'the ends of three sessions and a node');
  expect(book.highest('rollcall_connections')).toBe(MAX_CONNECTIONS);
  expect(book.highest('rollcall_connections_refused_total')).toBeGreaterThan(0);
  expect(book.highest('rollcall_watches_lagging')).toBeGreaterThan(0);
  expect(book.highest('rollcall_raft_log_segments')).toBeGreaterThan(1);

  await other!.close();
  await writer.do(set('/a', 'without one'));
  await book.scrape([leader, follower!]);
  await leader.close();
  // Alone, it serves nobody: what is asked of it waits.
  writer.write(set('/a', 'without a majority'));
  const query = { type: 'get', path: '/a' } as const;
  const reader = new Caller(follower!);
  const read = { type: 'read', id: 1, timeoutMs: 0, query, consistency: 'linearizable' } as const;
  reader.submit({ ...read, floor: asRevision(0) });
  const pending = call(client);
  await until(async () => {
    await book.scrape([follower!]);
    return !follower!.service.status().hasQuorum;
  }, 'a member without a leader');
  await book.scrape([follower!]);
  await pending;

  const json = await follower!.metrics.registry.getMetricsAsJSON();
  const own = json.map(({ name }) => name).filter((name) => !/_(process|nodejs)_/.test(name));
  const still = own.filter((name) => !CONSTANT.has(name) && !ELSEWHERE.has(name));
  expect(still.filter((name) => !book.hasMoved(name))).toEqual([]);
  for (const name of [...CONSTANT, 'rollcall_disk_free_bytes'])
    expect(book.highest(name)).toBeGreaterThan(0);
}, 60_000);
