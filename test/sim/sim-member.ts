/**
 * One member in virtual time: the production `Member`, log and checkpoint code over disks and a network in
 * memory. It can lose its power (un-synced bytes are kept, lost or torn), be killed, and start again.
 */
import { encodeInstance } from '../../src/codec/instance.js';
import { assembleMember } from '../../src/server/assemble.js';
import type { Member } from '../../src/server/member.js';
import type { Tuning } from '../../src/server/tuning.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import {
  type MemberStorage,
  type MemoryStorageOptions,
  openMemoryStorage,
} from '../../src/storage/open.js';
import type { MemoryNetwork } from '../../src/transport/memory-network.js';
import { asClusterId, type MemberId } from '../../src/types/ids.js';
import type { ConfiguredMember } from '../../src/types/log.js';
import type { Logger } from '../../src/types/ports.js';
import type { World } from './world.js';

export { encodeInstance };

export const CLUSTER_ID = asClusterId('c'.repeat(32));

const SILENT: Logger = process.env['SIM_SHOW']
  ? {
      debug() {},
      info() {},
      warn(...a: unknown[]) {
        console.log(...a);
      },
      error(...a: unknown[]) {
        console.log(...a);
      },
    }
  : { debug() {}, info() {}, warn() {}, error() {} };

export interface SimMemberOptions {
  readonly id: MemberId;
  readonly name: string;
  readonly founders: readonly ConfiguredMember[];
  readonly network: MemoryNetwork;
  readonly world: World;
  readonly tuning: Tuning;
  /** Longest time that a disk operation takes. */
  readonly diskDelayMsMax: number;
}

export class SimMember {
  readonly id: MemberId;
  readonly name: string;
  readonly #options: SimMemberOptions;
  readonly #disk: MemoryDisk;
  readonly #states: MemoryStateDatabases;
  #life = 0;
  #isStarted = false;
  /** undefined while down or starting. */
  member: Member | undefined;
  /** The member stopped itself: always a finding. */
  failure: Error | undefined;

  constructor(options: SimMemberOptions) {
    const { world, diskDelayMsMax } = options;
    this.id = options.id;
    this.name = options.name;
    this.#options = options;
    const schedule = (_: unknown, complete: () => void) =>
      world.schedule(world.random.below(diskDelayMsMax * 10 + 1) / 10, complete);
    this.#disk = new MemoryDisk({ schedule });
    this.#states = new MemoryStateDatabases({ schedule });
  }

  get isUp(): boolean {
    return this.member !== undefined;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const life = ++this.#life;
    this.#start(life).catch((error) => {
      if (life === this.#life) this.failure = error;
    });
  }

  /** The process dies; with `power`, the machine too. */
  stop(how: 'kill' | 'power'): void {
    this.#life++;
    this.#isStarted = false;
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

  async #start(life: number): Promise<void> {
    const { world, network, tuning, id, name } = this.#options;
    const storage = await this.#openStorage({
      timer: { start: (delayMs, callback) => startTimer(world, delayMs, callback) },
    });
    if (life !== this.#life) return;
    const transport = network.join({ self: { id, name }, clusterId: CLUSTER_ID });
    const { member } = await assembleMember({
      self: id,
      boot: storage.identity!.boot,
      clusterId: CLUSTER_ID,
      storage,
      transport,
      clock: world,
      random: world.random,
      scheduler: {
        defer: (task) => world.schedule(0, task),
        every: (intervalMs, task) => world.every(intervalMs, task),
      },
      logger: SILENT,
      tuning,
      describeSelf: () => describe(id, name),
      sessionEnded: () => {},
      pushed: () => {},
    });
    if (life !== this.#life) return member.stop();
    this.member = member;
    member.failed.then((error) => {
      if (life === this.#life) this.failure = error;
    });
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

function startTimer(world: World, delayMs: number, callback: () => void): () => void {
  let cancelled = false;
  world.schedule(delayMs, () => {
    if (!cancelled) callback();
  });
  return () => {
    cancelled = true;
  };
}

function describe(id: MemberId, name: string) {
  const address = `${name}:1`;
  const addresses = { peerAddress: address, clientAddress: address, httpAddress: address };
  return { id, name, pid: 1, version: 'sim', ...addresses };
}
