/**
 * Goal: who reads slowly harms only himself. A raw watch that reads nothing gets a marked snapshot when it
 * reads again, a subscription the latest of each instance; the member's memory stays bounded, and those who
 * read are told as before.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { WatchScope } from '../../src/gen/index.js';
import { HISTORY_BYTES_MAX } from '../../src/types/limits.js';
import { TestCluster, type TestMember } from '../support/cluster.js';
import { figure, progress, scaled, until } from '../support/drill.js';
import { RawStream } from '../support/raw-stream.js';

const INSTANCES = 10;
const CHANGES = scaled(1_500, 100_000);
const PER_SECOND = scaled(500, 2_500);
/** Together more than any history keeps. */
const BYTES = Math.ceil((1.3 * HISTORY_BYTES_MAX) / CHANGES);
const SERVICE = 'slow';
/** What a machine that is too slow for the rate is left with. */
const OPEN_MAX = 200;

const WATCH = {
  path: '/rollcall.v1.Tree/Watch',
  request: 'WatchRequest',
  response: 'WatchResponse',
} as const;
const SUBSCRIBE = {
  path: '/rollcall.v1.Catalog/Subscribe',
  request: 'SubscribeRequest',
  response: 'SubscribeResponse',
} as const;

function client(endpoints: string | readonly string[]): Client {
  const made = connect(endpoints, { learnMembers: false });
  onTestFinished(() => made.close());
  return made;
}

/** Sets what the instances say, over and over, at a steady rate; each change says when it was asked for. */
async function change(writer: Client, count: number): Promise<void> {
  const pad = '.'.repeat(BYTES);
  const startMs = performance.now();
  const open = new Set<Promise<unknown>>();
  for (let i = 0; i < count; i++) {
    const dueMs = startMs + (i * 1000) / PER_SECOND;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    const id = `i${i % INSTANCES}`;
    const tags = { at: String(performance.now()), round: String(i), pad };
    const json = JSON.stringify({ name: SERVICE, id, address: '127.0.0.1', port: 80, tags });
    const set = writer
      .set(`/services/${SERVICE}/${id}`, json, { timeoutMs: 30_000 })
      .then(() => void open.delete(set));
    open.add(set);
    if (open.size >= OPEN_MAX) await Promise.race(open);
  }
  await Promise.all(open);
}

interface Told {
  at: string;
  round: string;
}

const toldBy = (data: Uint8Array): Told => JSON.parse(Buffer.from(data).toString()).tags;

/** How late a reader at that member is told of each change. */
function followLags(reader: Client): number[] {
  const lags: number[] = [];
  const watch = reader.watch(`/services/${SERVICE}`, { scope: 'children', from: 'now' });
  onTestFinished(() => watch.close());
  void (async () => {
    for await (const event of watch) {
      expect(event).not.toMatchObject({ marked: true });
      if (event.type !== 'change') continue;
      for (const { node } of event.changes)
        lags.push(performance.now() - Number(toldBy(node.data).at));
    }
  })();
  return lags;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

const lagText = (lags: readonly number[]): string =>
  `p50 ${quantile(lags, 0.5).toFixed(1)} ms, p99 ${quantile(lags, 0.99).toFixed(1)} ms`;

function residentMb({ pid }: TestMember): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** The largest that it was, every so often, until stopped. */
function followMemory(member: TestMember): () => number {
  let largest = residentMb(member);
  const timer = setInterval(() => {
    largest = Math.max(largest, residentMb(member));
  }, 100);
  onTestFinished(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    return largest;
  };
}

test('slow readers while changes pass: marked, bounded, and nobody else is late', async () => {
  const cluster = await TestCluster.start();
  const leader = await cluster.untilLeader();
  const member = cluster.members.find(({ name }) => name !== leader)!;
  const writer = client(cluster.member(leader).clientAddress);
  for (let i = 0; i < INSTANCES; i++)
    await writer.register(SERVICE, { port: 80, address: '127.0.0.1' }, { id: `i${i}` });

  const reader = client(member.clientAddress);
  const lags = followLags(reader);
  // At full length as many as the slow ones will miss, so that the member's own history is full before.
  const first = scaled(300, CHANGES);
  await change(writer, first);
  await until(() => lags.length === first, 'every change is told');
  const before = lags.splice(0);
  const memoryBeforeMb = residentMb(member);
  progress(`before: ${lagText(before)}, member ${memoryBeforeMb.toFixed(0)} MB`);

  const watch = new RawStream(member.clientAddress, WATCH, {
    path: `/services/${SERVICE}`,
    scope: WatchScope.WATCH_SCOPE_CHILDREN,
    snapshot: true,
  });
  const subscription = new RawStream(member.clientAddress, SUBSCRIBE, { service: SERVICE });
  await Promise.all([watch, subscription].map(firstMessage));
  for (const stream of [watch, subscription]) stream.stop();
  const largestMb = followMemory(member);
  await change(writer, CHANGES);
  await until(() => lags.length === CHANGES, 'every change is told to who reads');
  const memoryMb = largestMb();
  progress(`during: ${lagText(lags)}, member ${memoryMb.toFixed(0)} MB`);

  const nodes = await finalRounds(reader);
  const watched = new Map<string, string>();
  let isMarked = false;
  watch.read(({ kind, snapshot, events }) => {
    if (kind === 'snapshot') {
      isMarked ||= snapshot!.marked;
      for (const { node } of snapshot!.nodes) watched.set(node!.path, toldBy(node!.data).round);
    }
    if (kind === 'events')
      for (const { node } of events!.events) watched.set(node!.path, toldBy(node!.data).round);
  });
  const subscribed = new Map<string, string>();
  let messages = 0;
  let isCoalesced = false;
  subscription.read(({ kind, snapshot, changes }) => {
    messages++;
    if (kind === 'changes') isCoalesced ||= changes!.coalesced;
    const seen = kind === 'snapshot' ? snapshot!.instances : [];
    const told = kind === 'changes' ? changes!.changes.map(({ instance }) => instance!) : seen;
    for (const { id, tags } of told) subscribed.set(`/services/${SERVICE}/${id}`, tags.round!);
  });
  await until(() => isEqual(watched, nodes), 'the slow watch has what the tree has');
  await until(() => isEqual(subscribed, nodes), 'the slow subscription has what the tree has');
  expect(isMarked).toBe(true);
  expect(isCoalesced).toBe(true);
  expect(messages).toBeLessThan(CHANGES / 2);
  expect([watch.failure, subscription.failure]).toEqual([undefined, undefined]);
  figure(`changes of ${BYTES} bytes past a watch and a subscription that read nothing`, CHANGES);
  figure('  told to who reads, before', lagText(before));
  figure('  told to who reads, during', lagText(lags));
  figure('  member, before', `${memoryBeforeMb.toFixed(0)} MB`);
  figure('  member, largest during', `${memoryMb.toFixed(0)} MB`);
  figure('  messages that the slow subscription had in the end', messages);
}, 240_000);

function firstMessage(
  stream: RawStream<'WatchRequest' | 'SubscribeRequest', 'WatchResponse' | 'SubscribeResponse'>,
): Promise<void> {
  return new Promise((resolve) => stream.read(() => resolve()));
}

async function finalRounds(reader: Client): Promise<Map<string, string>> {
  const { nodes } = await reader.list(`/services/${SERVICE}`, { withData: true });
  return new Map(nodes.map(({ path, data }) => [path, toldBy(data).round]));
}

function isEqual(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
