/**
 * Drives one core: performs its effects on the log, the links and the clients' sinks, and feeds what
 * comes back into it. Inputs of one turn of the event loop are settled together, so that everything
 * that arrived while the last write was being made durable shares the next (group commit). All doors
 * to the outside are ports; the simulator drives this very class.
 */
import { SERVICES_ROOT } from '../codec/instance.js';
import type { LogStore } from '../storage/wal.js';
import type { Transport, TransportHandler } from '../transport/transport.js';
import { RollcallError } from '../types/errors.js';
import { type MemberId, NO_INDEX, NO_TERM } from '../types/ids.js';
import type { Configuration, ConfiguredMember } from '../types/log.js';
import type { MemberStatus, PeerMessage } from '../types/peer.js';
import type { Logger } from '../types/ports.js';
import type { Connections } from './clients/connections.js';
import { Core, type CoreOptions } from './core.js';
import type { Effects, Persist } from './effects.js';
import type { Oddity } from './integrity/comparison.js';
import { DiskHealth } from './integrity/disk-health.js';
import type { DiskRoom, DiskSpace } from './integrity/disk-space.js';
import { Fenced } from './integrity/fenced.js';
import { HaltNotice } from './integrity/halt-notice.js';
import { SplitNotice } from './integrity/split-notice.js';
import type {
  Attachment,
  AttachOptions,
  MemberView,
  Service,
  ServiceStatus,
  Sink,
} from './service.js';
import type { Checkpointer, CheckpointFigures } from './state/checkpointer.js';
import type { Installed, Installer } from './state/installer.js';

/** The event loop, as a port. */
export interface Scheduler {
  /** Runs after the inputs that are there already. */
  defer(task: () => void): void;
  /** Answers how to stop. */
  every(intervalMs: number, task: () => void): () => void;
}

export interface MemberPorts {
  readonly log: LogStore;
  readonly transport: Transport;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly checkpointer: Checkpointer;
  readonly installer: Installer;
  readonly clusterId: string;
  readonly connections: Connections;
  /** Absent where there is no disk. */
  readonly diskSpace?: Pick<DiskSpace, 'room'>;
}

/** In shortest election timeouts: a write of the log that takes longer costs the lead. */
const DISK_STALL_TIMEOUTS = 2;

export class Member implements Service, TransportHandler {
  readonly core: Core;
  readonly connections: Connections;
  readonly #self: MemberId;
  readonly #ports: MemberPorts;
  readonly #startedAtMs: number;
  readonly #clock: CoreOptions['clock'];
  readonly #notices: readonly { tick(core: Core): void }[];
  readonly #disk: DiskHealth;
  #configuration: Configuration | undefined;
  #isDue = false;
  /** Writes under way. */
  #persisting = 0;
  /** A state that takes over once nothing of the old log is under way. */
  #arrived: Installed | undefined;
  #isStopped = false;
  #stopTicking: () => void;
  #fail!: (error: Error) => void;
  /** Rejections of the disk and broken invariants end the member: this resolves with the reason. */
  readonly failed = new Promise<Error>((resolve) => {
    this.#fail = resolve;
  });

  constructor(options: Omit<CoreOptions, 'wake'>, ports: MemberPorts) {
    this.#self = options.self;
    this.#ports = ports;
    this.connections = ports.connections;
    this.#clock = options.clock;
    this.#startedAtMs = options.clock.monotonicMs();
    this.#notices = [new HaltNotice(ports.logger), new SplitNotice(ports.logger)];
    const { electionTicksMin, raftTickMs: tickMs } = options.tuning;
    const limitMs = DISK_STALL_TIMEOUTS * electionTicksMin * tickMs;
    this.#disk = new DiskHealth({ limitMs, tickMs });
    this.core = new Core({ ...options, wake: () => this.#wake() });
    ports.transport.start(this);
    this.#stopTicking = ports.scheduler.every(options.tuning.raftTickMs, () => {
      this.#guard(() => this.core.tick());
      this.#checkDisk();
      for (const notice of this.#notices) notice.tick(this.core);
    });
    this.#wake();
  }

  // ---- Service ----

  attach(options: AttachOptions, sink: Sink): Attachment {
    return this.core.attach(options, sink);
  }

  status(): ServiceStatus {
    const { core } = this;
    const { leader, configuration } = core.raft;
    const known = [...configuration.voters, ...configuration.learners];
    return {
      clusterId: this.#ports.clusterId,
      self: core.status(),
      leader: known.find(({ id }) => id === leader)?.name,
      hasQuorum: core.hasQuorum,
      isQuarantined: core.isQuarantined,
      isCorrupt: core.split !== undefined,
      confirmationAgeMs: Math.min(core.confirmationAgeMs, Number.MAX_SAFE_INTEGER),
      sessions: core.tree.sessionCount,
      watches: core.figures().watches,
      nodes: core.tree.nodeCount,
      services: core.tree.get(SERVICES_ROOT)?.stat.childCount ?? 0,
      uptimeMs: this.#clock.monotonicMs() - this.#startedAtMs,
      connections: this.connections.current,
      historyFloor: core.tree.historyFloor,
      checkpointIndex: this.#ports.checkpointer.latest.index,
      diskFreeBytes: this.diskRoom?.freeBytes,
    };
  }

  get logFigures(): {
    readonly bytes: number;
    readonly segments: number;
    readonly waitingMs: number;
  } {
    const { sizeBytes, segmentCount } = this.#ports.log;
    return { bytes: sizeBytes, segments: segmentCount, waitingMs: this.#disk.waitingMs };
  }

  get checkpointFigures(): CheckpointFigures & { readonly index: number } {
    const { figures, latest } = this.#ports.checkpointer;
    return { ...figures, index: latest.index };
  }

  get diskRoom(): DiskRoom | undefined {
    return this.#ports.diskSpace?.room;
  }

  members(): readonly MemberView[] {
    const { core } = this;
    const { voters, learners } = core.raft.configuration;
    return [...voters, ...learners].map((member): MemberView => {
      if (member.id === this.#self) return { status: core.status(), reachable: true };
      const heard = core.statuses.get(member.id);
      if (heard === undefined) return { status: unheard(member), reachable: false };
      return { status: heard.status, reachable: core.isReachable(member.id) };
    });
  }

  // ---- TransportHandler ----

  receive(from: MemberId, messages: readonly PeerMessage[]): void {
    this.#guard(() => this.core.receive(from, messages));
  }

  connected(peer: MemberId): void {
    this.#guard(() => this.core.connected(peer));
  }

  peerDown(peer: MemberId): void {
    this.#guard(() => this.core.peerDown(peer));
  }

  serveCheckpoint: TransportHandler['serveCheckpoint'] = (request) => {
    if (this.#isStopped || !this.core.mayHandOnState)
      throw new RollcallError('UNAVAILABLE', 'this member does not stand by its state now');
    return this.#ports.checkpointer.serve(request);
  };

  // ---- Life ----

  /** Hands leadership on; resolves when another leads or `withinMs` have passed. */
  async leave(withinMs: number): Promise<void> {
    this.#guard(() => this.core.leave());
    const deadlineMs = this.#clock.monotonicMs() + withinMs;
    while (this.core.raft.leader === this.#self && this.#clock.monotonicMs() < deadlineMs)
      await new Promise<void>((resolve) => {
        const stop = this.#ports.scheduler.every(10, () => {
          stop();
          resolve();
        });
      });
  }

  /** No input is taken after this; the log and the transport are closed by whoever opened them. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTicking();
  }

  // ---- Turns ----

  #wake(): void {
    if (this.#isDue || this.#isStopped) return;
    this.#isDue = true;
    this.#ports.scheduler.defer(() => this.#turn());
  }

  #turn(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    if (this.#isStopped) return;
    try {
      this.#perform(this.core.settle());
    } catch (error) {
      this.#stopWith(error);
    }
  }

  /** An input; what it leads to is settled at the end of the turn. */
  #guard(input: () => void): void {
    if (this.#isStopped) return;
    try {
      input();
      this.#wake();
    } catch (error) {
      this.#stopWith(error);
    }
  }

  #perform(effects: Effects): void {
    this.#followConfiguration();
    for (const [to, messages] of effects.sends) this.#ports.transport.send(to, messages);
    if (effects.fence !== undefined) return this.#fence(effects.fence);
    for (const persist of effects.persists) this.#persist(persist);
    if (effects.install !== undefined) this.#install(effects.install);
    if (effects.liftQuarantine) this.#liftQuarantine();
    // While it is not known who is right, the log stays: whoever comes back must replay it, not be given a state.
    if (this.core.split === undefined)
      this.#ports.checkpointer.consider(this.core, (error) => this.#stopWith(error));
  }

  #persist(persist: Persist): void {
    this.#persisting++;
    this.#disk.began();
    this.#ports.log.append(persist.write).then(
      () => this.#persisted(persist),
      (error) => this.#stopWith(error),
    );
  }

  #persisted(persist: Persist): void {
    if (this.#isStopped) return;
    this.#persisting--;
    this.#disk.ended();
    for (const message of persist.sendAfter)
      this.#ports.transport.send(message.to, [{ type: 'raft', message }]);
    this.#guard(() => this.core.persisted(persist.token));
    this.#takeOver();
    this.#turn();
  }

  /** Here and not in the core: a disk that stalls never answers. */
  #checkDisk(): void {
    if (this.#isStopped) return;
    const disk = this.#disk;
    const wasSick = disk.isSick;
    disk.tick(this.#clock.monotonicMs());
    if (disk.takeProbe()) this.#probe();
    if (disk.isSick === wasSick) return;
    this.#guard(() => this.core.diskIs(disk.isSick ? 'sick' : 'ok'));
    const { logger } = this.#ports;
    const waitingMs = Math.round(disk.waitingMs);
    if (!disk.isSick) return logger.info({}, 'the disk of the log is well again');
    const text = 'the disk of the log has stalled: this member does not lead until it is well';
    logger.error({ waitingMs }, text);
  }

  /** Nothing but a sync. */
  #probe(): void {
    this.#disk.began(true);
    this.#ports.log.append({ runs: [] }).then(
      () => this.#disk.ended(),
      (error) => this.#stopWith(error),
    );
  }

  #install(order: NonNullable<Effects['install']>): void {
    const { logger, installer } = this.#ports;
    installer.install(order).then(
      (installed) => {
        this.#arrived = installed;
        this.#takeOver();
      },
      (error) => {
        if (!(error instanceof RollcallError)) return this.#stopWith(error);
        logger.warn({ from: order.from, error: error.message }, 'fetching the state failed');
        this.#guard(() => this.core.installFailed(order.from));
      },
    );
  }

  #takeOver(): void {
    const arrived = this.#arrived;
    if (arrived === undefined || this.#persisting > 0) return;
    this.#arrived = undefined;
    this.#guard(() => this.core.installed(arrived.meta, arrived.tree));
    this.#ports.checkpointer.installed(arrived.meta.snapshot);
  }

  #liftQuarantine(): void {
    this.#ports.log.liftQuarantine().then(
      () => {
        this.#ports.logger.info({}, 'out of quarantine: the state is refetched');
        this.#guard(() => this.core.quarantineLifted());
      },
      (error) => this.#stopWith(error),
    );
  }

  /** The record is durable before the next life begins; what the log has under way is ended first. */
  #fence({ revision, own, majority }: Oddity): void {
    const reason = `the state differs from the majority's at revision ${revision}`;
    const { log, logger } = this.#ports;
    logger.error({ revision, own, majority }, `fenced: ${reason}`);
    this.stop();
    const record = async () => {
      await log.close();
      await log.quarantine(reason, { hardStateIntact: true, startsOver: true });
    };
    record().then(() => this.#fail(new Fenced(reason)), this.#fail);
  }

  #followConfiguration(): void {
    const { configuration } = this.core.raft;
    if (configuration === this.#configuration) return;
    this.#configuration = configuration;
    const all = [...configuration.voters, ...configuration.learners];
    this.#ports.transport.setPeers(all.filter(({ id }) => id !== this.#self));
  }

  #stopWith(reason: unknown): void {
    if (this.#isStopped) return;
    const error = reason instanceof Error ? reason : new Error(String(reason));
    this.#ports.logger.error({ error: error.stack }, 'this member stops');
    this.stop();
    this.#fail(error);
  }
}

/** Configured, and silent since this member started. */
function unheard({ id, name, peerAddress }: ConfiguredMember): MemberStatus {
  return {
    type: 'status',
    id,
    name,
    peerAddress,
    role: 'follower',
    disk: 'ok',
    term: NO_TERM,
    commitIndex: NO_INDEX,
    appliedIndex: NO_INDEX,
    pid: 0,
    version: '',
    clientAddress: '',
    httpAddress: '',
  };
}
