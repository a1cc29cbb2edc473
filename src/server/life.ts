/**
 * One life of a member, from its configuration to serving: storage, the founding meeting, consensus,
 * faces, and the way out in the opposite order. It builds the object graph and holds no policy.
 */
import { mintMemberId, NO_MEMBERS } from '../storage/identity.js';
import { createCryptoRandom, type MemberStorage, openStorage } from '../storage/open.js';
import { createGrpcTransport, type GrpcTransport } from '../transport/grpc-transport.js';
import type { MemberId } from '../types/ids.js';
import type { Clock, Logger } from '../types/ports.js';
import { type AssembledMember, assembleMember } from './assemble.js';
import type { Connections } from './clients/connections.js';
import type { Face, FaceFactory } from './face.js';
import { DiskSpace } from './integrity/disk-space.js';
import type { Member, Scheduler } from './member.js';
import type { Metrics } from './metrics/metrics.js';
import { createReader } from './metrics/reader.js';
import { DEFAULT_TUNING, type Tuning } from './tuning.js';
import { VERSION } from './version.js';

export interface MemberConfig {
  readonly name: string;
  readonly dataDir: string;
  readonly initialMembers: readonly { readonly name: string; readonly peerAddress: string }[];
  /** HOST:PORT that peers connect to. */
  readonly peerListen: string;
  /** Told to clients and operators; HOST:PORT. */
  readonly clientAddress: string;
  readonly httpAddress: string;
  readonly logger: Logger;
  /** Of clients, at once; CONNECTIONS_MAX when left out. */
  readonly maxConnections?: number;
  readonly tuning?: Partial<Tuning>;
  readonly faces: readonly FaceFactory[];
  /** Ends the wait for the other founders. */
  readonly signal?: AbortSignal;
}

/** What outlives a life. */
export interface Kept {
  readonly metrics: Metrics;
  readonly connections: Connections;
  /** HOST:PORT for peers; where they reached an earlier life. */
  readonly peerListen: string;
  /** Where the faces of an earlier life listened; empty at first. */
  readonly faceAddresses: readonly string[];
  /** Ends the wait for others at the start. */
  readonly signal: AbortSignal;
}

export interface Life {
  readonly member: Member;
  readonly faces: readonly Face[];
  readonly peerAddress: string;
  /** Cleanly: hands leadership on, ends the faces, writes what is under way. */
  leave(): Promise<void>;
  /** At once, when the member has stopped by itself: nobody is waited for. */
  end(): Promise<void>;
}

const LEAVE_MS = 1_000;
const FACES_CLOSE_MS = 2_000;

const systemClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

const eventLoop: Scheduler = {
  defer: (task) => void setImmediate(task),
  every: (intervalMs, task) => {
    const timer = setInterval(task, intervalMs);
    return () => clearInterval(timer);
  },
};

/** Resolves when it serves; until the founders have met, it waits. */
export async function startLife(config: MemberConfig, kept: Kept): Promise<Life> {
  const storage = await openStorage(config.dataDir, {
    clock: systemClock,
    onSync: (ms) => kept.metrics.fsync(ms / 1000),
  });
  const opened: (() => Promise<void>)[] = [() => storage.close()];
  try {
    return await start({ config, kept, storage, opened });
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => {});
    throw error;
  }
}

interface Starting {
  readonly config: MemberConfig;
  readonly kept: Kept;
  readonly storage: MemberStorage;
  /** What to close when the start fails, in the order of opening. */
  readonly opened: (() => Promise<void>)[];
}

async function start(starting: Starting): Promise<Life> {
  const { config, kept, storage, opened } = starting;
  const { name, logger } = config;
  const memberId = await takeIdentity(storage);
  const self = { id: memberId, name };
  const transport = await createGrpcTransport({ listen: kept.peerListen, self, logger });
  opened.push(() => transport.close());
  await joinCluster(starting, transport);
  const diskSpace = new DiskSpace(config.dataDir);
  opened.push(async () => diskSpace.stop());
  const assembled = await assemble(starting, { transport, diskSpace });
  opened.push(async () => assembled.member.stop());
  const { member } = assembled;
  kept.metrics.setSource(createReader(member, () => transport.traffic()));
  const faces = await openFaces(starting, assembled);
  const parts = { assembled, faces, transport, storage, diskSpace };
  const { address: peerAddress } = transport;
  return { member, faces, peerAddress, leave: () => leave(parts), end: () => end(parts) };
}

/** An empty directory becomes a member: its id is durable before anyone hears of it. */
async function takeIdentity(storage: MemberStorage): Promise<MemberId> {
  if (storage.identity !== undefined) return storage.identity.memberId;
  const memberId = mintMemberId(createCryptoRandom());
  await storage.writeIdentity({ memberId, clusterId: undefined, founders: NO_MEMBERS, boot: 1 });
  return memberId;
}

/** Meets the other founders; the cluster's id is durable before the first election. */
async function joinCluster(
  { config, kept, storage }: Starting,
  transport: GrpcTransport,
): Promise<void> {
  const identity = storage.identity!;
  const { initialMembers } = config;
  const { clusterId, founders } = identity;
  const known = clusterId === undefined ? {} : { known: { clusterId, founders: founders.voters } };
  const founded = await transport.meet({ initialMembers, ...known, signal: kept.signal });
  if (clusterId !== undefined) return;
  await storage.writeIdentity({
    ...identity,
    clusterId: founded.clusterId,
    founders: { voters: founded.founders, learners: [] },
  });
}

async function assemble(
  starting: Starting,
  ports: { readonly transport: GrpcTransport; readonly diskSpace: DiskSpace },
): Promise<AssembledMember> {
  const { config, kept, storage } = starting;
  const { metrics } = kept;
  const { memberId, clusterId, boot } = storage.identity!;
  return assembleMember({
    self: memberId,
    boot,
    clusterId: clusterId!,
    storage,
    ...ports,
    connections: kept.connections,
    clock: systemClock,
    random: createCryptoRandom(),
    scheduler: eventLoop,
    logger: config.logger,
    tuning: { ...DEFAULT_TUNING, ...config.tuning },
    describeSelf: () => describeSelf(config, memberId),
    sessionEnded: (cause) => countEnd(metrics, cause),
    pushed: (ms) => metrics.pushLag(ms / 1000),
  });
}

function describeSelf(config: MemberConfig, id: MemberId) {
  const { name, peerListen, clientAddress, httpAddress, initialMembers } = config;
  const own = initialMembers.find((member) => member.name === name);
  const peerAddress = own?.peerAddress ?? peerListen;
  return { id, name, pid: process.pid, version: VERSION, peerAddress, clientAddress, httpAddress };
}

function countEnd(metrics: Metrics, cause: string): void {
  if (cause === 'expiry') metrics.sessionExpired('timeout');
  else if (cause === 'grace') metrics.sessionExpired('grace');
  else if (cause === 'revoke') metrics.sessionExpired('revoked');
}

async function openFaces(starting: Starting, assembled: AssembledMember): Promise<Face[]> {
  const { config, kept, storage, opened } = starting;
  const { metrics, faceAddresses } = kept;
  const { memberId, clusterId } = storage.identity!;
  const about = { name: config.name, id: memberId, clusterId: clusterId! };
  const { logger } = config;
  const context = { service: assembled.member, metrics, logger, member: about };
  const faces: Face[] = [];
  for (const [i, create] of config.faces.entries()) {
    const face = await create({ ...context, listen: faceAddresses[i] });
    opened.push(() => face.close(0));
    faces.push(face);
  }
  return faces;
}

interface Parts {
  readonly assembled: AssembledMember;
  readonly faces: readonly Face[];
  readonly transport: GrpcTransport;
  readonly storage: MemberStorage;
  readonly diskSpace: DiskSpace;
}

async function leave(parts: Parts): Promise<void> {
  const { assembled, faces } = parts;
  await assembled.member.leave(LEAVE_MS);
  await Promise.all(faces.map((face) => face.close(FACES_CLOSE_MS)));
  assembled.member.stop();
  await closeBelow(parts);
}

async function end(parts: Parts): Promise<void> {
  const { assembled, faces } = parts;
  assembled.member.stop();
  await Promise.all(faces.map((face) => face.close(0)));
  await assembled.checkpointer.suspend();
  await closeBelow(parts);
}

async function closeBelow({ assembled, transport, storage, diskSpace }: Parts): Promise<void> {
  diskSpace.stop();
  await transport.close();
  await assembled.checkpointer.close();
  await storage.close();
}
