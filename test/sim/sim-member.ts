/**
 * One member in virtual time: the production `Member`, log and checkpoint code over disks and a network in
 * memory. It can lose its power (un-synced bytes are kept, lost or torn), be killed, be stopped for a while,
 * and start again. Its clock runs at a rate of its own.
 */
import { assembleMember } from '../../src/server/assemble.js';
import { Fenced } from '../../src/server/integrity/fenced.js';
import type { Member } from '../../src/server/member.js';
import type { Attachment, Sink } from '../../src/server/service.js';
import type { Tuning } from '../../src/server/tuning.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import {
  type MemberStorage,
  type MemoryStorageOptions,
  openMemoryStorage,
} from '../../src/storage/open.js';
import type { MemoryNetwork } from '../../src/transport/memory-network.js';
import type { Transport, TransportHandler } from '../../src/transport/transport.js';
import { asClusterId, type MemberId } from '../../src/types/ids.js';
import type { ConfiguredMember } from '../../src/types/log.js';
import type { Clock, Logger } from '../../src/types/ports.js';
import { DriftingClock, SimProcess } from './process.js';
import type { World } from './world.js';

export const CLUSTER_ID = asClusterId('c'.repeat(32));

/** The furthest that a clock's rate is off, as share (design 3). */
export const RATE_ERROR = 0.05;

const say = (fields: object, message: string) => console.log(message, fields);
const isShown = process.env.SIM_SHOW !== undefined;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const LOGGER: Logger = isShown ? { ...QUIET, warn: say, error: say } : QUIET;

export interface SimMemberOptions {
  readonly id: MemberId;
  readonly name: string;
  readonly founders: readonly ConfiguredMember[];
  readonly network: MemoryNetwork;
  readonly world: World;
  readonly tuning: Tuning;
  /** Longest time that a disk operation takes. */
  readonly diskDelayMsMax: number;
  readonly logger?: Logger;
}

/** A client's connection. What it sends to a process that is stopped waits there. */
export interface Connection {
  use(task: (attachment: Attachment) => void): void;
}

export class SimMember {
  readonly id: MemberId;
  readonly name: string;
  readonly #options: SimMemberOptions;
  readonly #clock: Clock & { readonly rate: number };
  readonly #disk: MemoryDisk;
  readonly #states: MemoryStateDatabases;
  #process: SimProcess;
  #isStarted = false;
  /** undefined while down or starting. */
  member: Member | undefined;
  /** The member stopped itself: always a finding. */
  failure: Error | undefined;
  /** Times that its state was found to be wrong. */
  fencings = 0;
  #syncsFromMs = 0;

  constructor(options: SimMemberOptions) {
    const { world, diskDelayMsMax } = options;
    this.id = options.id;
    this.name = options.name;
    this.#options = options;
    this.#clock = drawClock(world);
    this.#process = new SimProcess(world);
    const schedule = (operation: string, complete: () => void) =>
      this.#process.after(
        world.random.below(diskDelayMsMax * 10 + 1) / 10 + this.#stallOf(operation),
        complete,
      );
    this.#disk = new MemoryDisk({ schedule });
    this.#states = new MemoryStateDatabases({ schedule });
  }

  /** What it finds when it starts: for damage, while it is down. */
  get machine(): { readonly disk: MemoryDisk; readonly states: MemoryStateDatabases } {
    return { disk: this.#disk, states: this.#states };
  }

  get isUp(): boolean {
    return this.member !== undefined;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const process = new SimProcess(this.#options.world);
    this.#process = process;
    this.#start(process).catch((error) => {
      if (process === this.#process) this.failure = error;
    });
  }

  /** The process dies; with `power`, the machine too. */
  stop(how: 'kill' | 'power'): void {
    this.#isStarted = false;
    this.#process.kill();
    this.#process = new SimProcess(this.#options.world);
    this.#options.network.kill(this.id);
    this.member?.stop();
    this.member = undefined;
    if (how === 'kill') {
      this.#disk.kill();
      this.#states.kill();
    } else {
      this.#disk.crash(this.#options.world.random);
      this.#states.crash(this.#options.world.random);
    }
  }

  /** No sync that begins meanwhile ends before this is over. */
  stallDisk(forMs: number): void {
    this.#syncsFromMs = this.#options.world.monotonicMs() + forMs;
  }

  #stallOf(operation: string): number {
    if (operation !== 'sync') return 0;
    return Math.max(0, this.#syncsFromMs - this.#options.world.monotonicMs());
  }

  /** Stands still for a while, unless it does already. */
  pause(forMs: number): void {
    const process = this.#process;
    if (process.isPaused) return;
    process.pause();
    this.#options.world.schedule(forMs, () => process.resume());
  }

  goOn(): void {
    if (this.#process.isPaused) this.#process.resume();
  }

  connect(sink: Sink): Connection {
    const process = this.#process;
    const { member } = this;
    let attachment: Attachment | undefined;
    process.run(() => {
      attachment = member?.attach({ identities: [], ordered: true }, sink);
    });
    return {
      use: (task) =>
        process.run(() => {
          if (attachment !== undefined) task(attachment);
        }),
    };
  }

  async #start(process: SimProcess): Promise<void> {
    const { world, network, tuning, id, name } = this.#options;
    const delayOf = (ms: number) => ms / this.#clock.rate;
    const storage = await this.#openStorage({
      timer: { start: (delayMs, callback) => startTimer(process, delayOf(delayMs), callback) },
    });
    if (process !== this.#process) return;
    const joined = network.join({ self: { id, name }, clusterId: CLUSTER_ID });
    const { member } = await assembleMember({
      self: id,
      boot: storage.identity!.boot,
      clusterId: CLUSTER_ID,
      storage,
      transport: stoppable(joined, process),
      clock: this.#clock,
      random: world.random,
      scheduler: {
        defer: (task) => process.after(0, task),
        every: (intervalMs, task) => process.every(delayOf(intervalMs), task),
      },
      logger: this.#options.logger ?? LOGGER,
      tuning,
      describeSelf: () => describe(id, name),
      sessionEnded: () => {},
      pushed: () => {},
    });
    if (process !== this.#process) return member.stop();
    this.member = member;
    member.failed.then((error) => {
      if (process !== this.#process) return;
      if (error instanceof Fenced) this.#beginAnew();
      else this.failure = error;
    });
  }

  /** As its process does. */
  #beginAnew(): void {
    this.fencings++;
    this.stop('kill');
    this.start();
  }

  async #openStorage(options: Pick<MemoryStorageOptions, 'timer'>): Promise<MemberStorage> {
    const { world, founders, id } = this.#options;
    const [disk, databases] = [this.#disk, this.#states];
    const sizes = { segmentBytes: 16 * 1024, allocateBytes: 4 * 1024 };
    const all = { ...options, ...sizes, disk, databases, random: world.random };
    const storage = await openMemoryStorage(all);
    const configuration = { voters: founders, learners: [] };
    const identity = { memberId: id, clusterId: CLUSTER_ID, founders: configuration, boot: 1 };
    if (storage.identity === undefined) await storage.writeIdentity(identity);
    return storage;
  }
}

/** Half of the clocks are right. Wall time is off by days and means nothing. */
function drawClock(world: World): DriftingClock {
  const { random } = world;
  const steps = 100;
  const off = random.below(2) === 0 ? 0 : (random.below(2 * steps + 1) - steps) / steps;
  return new DriftingClock(world, 1 + off * RATE_ERROR, (random.below(200) - 100) * 3_600_000);
}

/** What comes over the network reaches a process, and waits while that is stopped. */
function stoppable(transport: Transport, process: SimProcess): Transport {
  return {
    address: transport.address,
    start: (handler: TransportHandler) =>
      transport.start({
        receive: (from, messages) => process.run(() => handler.receive(from, messages)),
        connected: (peer) => process.run(() => handler.connected(peer)),
        peerDown: (peer) => process.run(() => handler.peerDown(peer)),
        serveCheckpoint: (request) => handler.serveCheckpoint(request),
      }),
    setPeers: (peers) => transport.setPeers(peers),
    send: (to, messages) => transport.send(to, messages),
    fetchCheckpoint: (from, request) => transport.fetchCheckpoint(from, request),
    close: () => transport.close(),
  };
}

function startTimer(process: SimProcess, delayMs: number, callback: () => void): () => void {
  let isCancelled = false;
  process.after(delayMs, () => {
    if (!isCancelled) callback();
  });
  return () => {
    isCancelled = true;
  };
}

function describe(id: MemberId, name: string) {
  const address = `${name}:1`;
  const addresses = { peerAddress: address, clientAddress: address, httpAddress: address };
  return { id, name, pid: 1, version: 'sim', ...addresses };
}
