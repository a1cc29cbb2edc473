/**
 * One member of a cluster in memory: the production member, log, checkpoints and gRPC face, over a disk, a
 * state database and a network that live in this process. It can be stopped, killed and started again;
 * what it had not made durable is lost with it. It refuses nothing by itself: the cluster checks names.
 */
import { grpcFace } from '../faces/grpc/server.js';
import { assembleMember } from '../server/assemble.js';
import type { Face, FaceMetrics } from '../server/face.js';
import type { Member } from '../server/member.js';
import type { Tuning } from '../server/tuning.js';
import { VERSION } from '../server/version.js';
import { MemoryDisk } from '../storage/memory-disk.js';
import { MemoryStateDatabases } from '../storage/memory-state-database.js';
import { type MemberStorage, openMemoryStorage } from '../storage/open.js';
import type { MemoryNetwork } from '../transport/memory-network.js';
import type { Transport, TransportHandler } from '../transport/transport.js';
import type { ClusterId } from '../types/ids.js';
import type { ConfiguredMember } from '../types/log.js';
import type { Clock, Logger, Random } from '../types/ports.js';
import { Door } from './door.js';
import { Stoppable } from './stoppable.js';

export interface ClusterPlan {
  readonly clusterId: ClusterId;
  readonly founders: readonly ConfiguredMember[];
  readonly network: MemoryNetwork;
  readonly random: Random;
  readonly tuning: Tuning;
}

const SEGMENT_BYTES = 1024 * 1024;
const ALLOCATE_BYTES = 64 * 1024;

const clock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const metrics: FaceMetrics = {
  request() {},
  inFlight() {},
  fsync() {},
  pushLag() {},
  sessionExpired() {},
};

export class MemoryMember {
  readonly #self: ConfiguredMember;
  readonly #plan: ClusterPlan;
  readonly #door: Door;
  readonly #disk: MemoryDisk;
  readonly #states: MemoryStateDatabases;
  #process = new Stoppable();
  #acts: Promise<void> = Promise.resolve();
  #face: Face | undefined;
  #member: Member | undefined;
  /** It had to stop by itself, which no test asks for. */
  failure: Error | undefined;

  static async create(self: ConfiguredMember, plan: ClusterPlan): Promise<MemoryMember> {
    return new MemoryMember(self, plan, await Door.open());
  }

  private constructor(self: ConfiguredMember, plan: ClusterPlan, door: Door) {
    this.#self = self;
    this.#plan = plan;
    this.#door = door;
    const schedule = (_: unknown, complete: () => void): void =>
      queueMicrotask(() => this.#process.run(complete));
    this.#disk = new MemoryDisk({ schedule });
    this.#states = new MemoryStateDatabases({ schedule });
  }

  get name(): string {
    return this.#self.name;
  }

  get id() {
    return this.#self.id;
  }

  get endpoint(): string {
    return this.#door.address;
  }

  /** While it runs; what it says is what it believes. */
  get member(): Member | undefined {
    return this.#member;
  }

  get isStopped(): boolean {
    return this.#process.isStopped;
  }

  /** On what its disk holds; a member that runs stays as it is. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** At once; only what is about to start is waited for. */
  kill(): Promise<void> {
    return this.#inTurn(() => this.#kill());
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#kill();
      await this.#start();
    });
  }

  /** One start or end after the other: a life that ends while it begins would leave a half of it behind. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#acts.then(act);
    this.#acts = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    if (this.#member !== undefined) return;
    const process = new Stoppable();
    this.#process = process;
    const storage = await this.#openStorage(process);
    const member = await this.#assemble(storage, process);
    const about = { name: this.name, id: this.id, clusterId: this.#plan.clusterId };
    const open = grpcFace({ listen: '127.0.0.1:0' });
    this.#face = await open({ service: member, metrics, logger, member: about });
    this.#member = member;
    this.#door.leadTo(Number(this.#face.address.split(':')[1]));
    void member.failed.then((error) => {
      if (process !== this.#process) return;
      this.failure = error;
      void this.kill();
    });
  }

  stop(): void {
    this.#door.hold();
    this.#process.stop();
  }

  goOn(): void {
    this.#process.goOn();
    this.#door.release();
  }

  /** Connections first: nobody may see the face of a member that no longer counts. */
  async #kill(): Promise<void> {
    const face = this.#face;
    this.#door.cut();
    this.#process.end();
    this.#plan.network.kill(this.id);
    this.#member?.stop();
    this.#member = undefined;
    this.#face = undefined;
    this.#disk.crash(this.#plan.random);
    this.#states.crash(this.#plan.random);
    await face?.close(0);
  }

  async close(): Promise<void> {
    await this.kill();
    await this.#door.close();
  }

  async #openStorage(process: Stoppable): Promise<MemberStorage> {
    const { random, clusterId, founders } = this.#plan;
    const storage = await openMemoryStorage({
      disk: this.#disk,
      databases: this.#states,
      random,
      clock,
      segmentBytes: SEGMENT_BYTES,
      allocateBytes: ALLOCATE_BYTES,
      timer: { start: (delayMs, callback) => process.after(delayMs, callback) },
    });
    if (storage.identity === undefined) {
      const configuration = { voters: founders, learners: [] };
      const identity = { memberId: this.id, clusterId, founders: configuration, boot: 1 };
      await storage.writeIdentity(identity);
    }
    return storage;
  }

  async #assemble(storage: MemberStorage, process: Stoppable): Promise<Member> {
    const { clusterId, network, random, tuning } = this.#plan;
    const self = { id: this.id, name: this.name };
    const { member } = await assembleMember({
      self: this.id,
      boot: storage.identity!.boot,
      clusterId,
      storage,
      transport: stoppable(network.join({ self, clusterId }), process),
      clock,
      random,
      scheduler: process,
      logger,
      tuning,
      describeSelf: () => this.#describe(),
      sessionEnded: () => {},
      pushed: () => {},
    });
    return member;
  }

  #describe() {
    const { id, name, peerAddress } = this.#self;
    const addresses = { peerAddress, clientAddress: this.endpoint, httpAddress: '' };
    return { id, name, pid: process.pid, version: VERSION, disk: 'ok' as const, ...addresses };
  }
}

/** What comes over the network reaches the member through its process, and waits while that is stopped. */
function stoppable(transport: Transport, process: Stoppable): Transport {
  const inbound = (handler: TransportHandler): TransportHandler => ({
    receive: (from, messages) => process.runUnlessFull(() => handler.receive(from, messages)),
    connected: (peer) => process.run(() => handler.connected(peer)),
    peerDown: (peer) => process.run(() => handler.peerDown(peer)),
    serveCheckpoint: (request) => paced(handler.serveCheckpoint(request), process),
  });
  return {
    address: transport.address,
    start: (handler) => transport.start(inbound(handler)),
    setPeers: (peers) => transport.setPeers(peers),
    send: (to, messages) => transport.send(to, messages),
    fetchCheckpoint: (from, request) => paced(transport.fetchCheckpoint(from, request), process),
    close: () => transport.close(),
  };
}

async function* paced<T>(chunks: AsyncIterable<T>, process: Stoppable): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    await process.turn();
    yield chunk;
  }
}
