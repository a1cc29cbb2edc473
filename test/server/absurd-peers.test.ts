/**
 * Goal (F15): what no honest member would say moves no leader, no term and no entry: from strangers that know
 * the cluster's id, under a member's own id, and from a member that lost its mind. Method: three members on
 * real links, and a rogue on the peer port of each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import { encodeHello, PEER_PROTOCOL_VERSION } from '../../src/codec/peer.js';
import { type RunningMember, startMember } from '../../src/server/main.js';
import { encodeFrame } from '../../src/transport/frame.js';
import { parseHostPort } from '../../src/transport/grpc/address.js';
import { dialPeer, PEER_METHODS } from '../../src/transport/grpc/service.js';
import { encodePayloads } from '../../src/transport/send-queue.js';
import { asClusterId, asIndex, asMemberId, asSessionId, asTerm } from '../../src/types/ids.js';
import type { Run } from '../../src/types/log.js';
import type { RaftMessage } from '../../src/types/message.js';
import type { PeerMessage } from '../../src/types/peer.js';
import { freePorts } from './free-ports.js';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const STRANGER = asMemberId('f'.repeat(16));
const closings: (() => Promise<unknown>)[] = [];
let members: RunningMember[];
let addresses: string[];

beforeAll(async () => {
  const ports = await freePorts(3);
  addresses = ports.map((port) => `127.0.0.1:${port}`);
  const initialMembers = addresses.map((peerAddress, i) => ({ name: `r${i + 1}`, peerAddress }));
  members = await Promise.all(
    initialMembers.map(async ({ name, peerAddress }) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
      closings.push(() => rm(dataDir, { recursive: true, force: true }));
      const places = { peerListen: peerAddress, clientAddress: 'none:1', httpAddress: 'none:1' };
      const config = { name, dataDir, initialMembers, ...places, logger: SILENT, faces: [] };
      return startMember(config);
    }),
  );
  for (const member of members) closings.push(() => member.close());
  await write();
});
afterAll(async () => {
  for (const close of closings.reverse()) await close();
});

const selfOf = (member: RunningMember) => member.service.status().self;
const terms = () => members.map((member) => selfOf(member).term);
const leaders = () => members.map((member) => member.service.status().leader);

/** A change through the first member, acknowledged by a majority. */
function write(): Promise<string> {
  const create = { kind: 'create', path: '/n', nodeKind: 'persistent', sequential: true } as const;
  const body = encodeBody({ ...create, data: Buffer.alloc(1), ttlMs: 0, acl: [] });
  return new Promise((resolve) => {
    const deliver = (batch: readonly { readonly type: string }[]) => {
      for (const { type } of batch) if (type === 'outcome' || type === 'failure') resolve(type);
    };
    const { service } = members[0]!;
    const attachment = service.attach(
      { identities: [], ordered: false },
      { deliver, unsentBytes: () => 0 },
    );
    attachment.submit([{ type: 'write', id: 1, timeoutMs: 10_000, kind: 'create', body, seq: 0 }]);
  });
}

interface Rogue {
  readonly id: string;
  readonly clusterId?: string;
  readonly messages: readonly PeerMessage[];
}

/** Speaks to a member's peer port and waits a little for how that ends; undefined: it was not sent away. */
async function speak(address: string, rogue: Rogue): Promise<status | undefined> {
  const client: Client = dialPeer({
    address,
    place: parseHostPort(address)!,
    credentials: credentials.createInsecure(),
  });
  const { path, requestSerialize, responseDeserialize } = PEER_METHODS.link;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on('data', () => {});
  const ended = new Promise<status>((resolve) => {
    call.on('error', ({ code }: ServiceError) => resolve(code));
  });
  const clusterId = asClusterId(rogue.clusterId ?? members[0]!.service.status().clusterId);
  const hello = {
    clusterId,
    memberId: asMemberId(rogue.id),
    name: 'rogue',
    protocolVersion: PEER_PROTOCOL_VERSION,
  };
  call.write(encodeFrame('hello', [encodeHello(hello)]));
  for (const { bytes } of encodePayloads(rogue.messages))
    call.write(encodeFrame('messages', [bytes]));
  const code = await Promise.race([ended, pause(150)]);
  client.close();
  return code;
}

const pause = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), ms));

/** Everything that could move a term, a log or a session, as `from` would say it to `to`. */
function absurd(from: string, to: string, term: number): PeerMessage[] {
  const ends = { from: asMemberId(from), to: asMemberId(to), term: asTerm(term) };
  const far = asIndex(2 ** 50);
  const batch = { count: 1, offsets: new Uint32Array([0, 4]), bytes: new Uint8Array(4) };
  const run: Run = {
    kind: 'command',
    term: asTerm(term),
    first: asIndex(far + 1),
    time: 0,
    ...batch,
  };
  const messages: RaftMessage[] = [
    { ...ends, type: 'heartbeat', commitIndex: far, round: 2 ** 40 },
    { ...ends, type: 'heartbeatResponse', round: 2 ** 40 },
    {
      ...ends,
      type: 'appendResponse',
      accepted: true,
      index: far,
      hintIndex: far,
      hintTerm: asTerm(9),
      round: 1,
    },
    {
      ...ends,
      type: 'append',
      prevIndex: far,
      prevTerm: asTerm(term),
      runs: [run],
      commitIndex: far,
      round: 1,
    },
    {
      ...ends,
      type: 'voteRequest',
      pre: false,
      lastIndex: far,
      lastTerm: asTerm(term),
      transfer: true,
    },
    { ...ends, type: 'voteResponse', pre: false, granted: true },
    { ...ends, type: 'timeoutNow' },
    { ...ends, type: 'readResponse', id: 1, index: far },
  ];
  const session = { session: asSessionId(2 ** 50), epoch: 2 ** 30 };
  return [
    ...messages.map((message) => ({ type: 'raft' as const, message })),
    { type: 'sessionReport', number: 2 ** 40, touched: [session], closed: [session] },
    { type: 'sessionReportReply', number: 2 ** 40, term: asTerm(term), refused: [session.session] },
    { type: 'forwardReply', boot: 2 ** 40, next: 2 ** 40, accepting: false },
  ];
}

async function expectUnmoved(act: () => Promise<unknown>): Promise<void> {
  const before = { terms: terms(), leaders: leaders() };
  await act();
  await pause(400);
  expect({ terms: terms(), leaders: leaders() }).toEqual(before);
  expect(await write()).toBe('outcome');
}

it.each([
  ['in the next term', 1],
  ['in a term far ahead', 2 ** 31],
  ['in a term beyond all', 2 ** 52],
])('a stranger who knows the cluster, %s', async (_when, ahead) => {
  await expectUnmoved(async () => {
    for (const [i, member] of members.entries()) {
      const { id, term } = selfOf(member);
      await speak(addresses[i]!, { id: STRANGER, messages: absurd(STRANGER, id, term + ahead) });
    }
  });
});

it('a stranger who speaks in the name of others, and one under the own id', async () => {
  await expectUnmoved(async () => {
    for (const [i, member] of members.entries()) {
      const { id, term } = selfOf(member);
      const other = selfOf(members[(i + 1) % 3]!).id;
      const named = absurd(other, id, term + 5);
      await speak(addresses[i]!, { id: STRANGER, messages: named });
      const own = await speak(addresses[i]!, { id, messages: absurd(id, id, term + 5) });
      expect(own).toBe(status.FAILED_PRECONDITION);
      const elsewhere = { id: other, clusterId: 'd'.repeat(32), messages: named };
      expect(await speak(addresses[i]!, elsewhere)).toBe(status.FAILED_PRECONDITION);
    }
  });
});

it('a member that has lost its mind costs time at most: no absurd term, no lost writes', async () => {
  const before = Math.max(...terms());
  for (const [i, member] of members.entries()) {
    const { id } = selfOf(member);
    const other = selfOf(members[(i + 1) % 3]!).id;
    await speak(addresses[i]!, { id: other, messages: absurd(other, id, 2 ** 52) });
  }
  expect(await write()).toBe('outcome');
  expect(Math.max(...terms())).toBeLessThan(before + 20);
});
