/**
 * One member of a scripted cluster: a `Raft` driven as the contract of `Ready` demands, with a disk that
 * keeps only what was synced and a state machine that is the list of applied entries.
 */
import { describeRun } from '../../../src/raft/describe.js';
import { type InstallOrder, Raft, type RaftOptions, type Ready } from '../../../src/raft/raft.js';
import { asIndex, asTerm, type MemberId } from '../../../src/types/ids.js';
import type { Configuration, HardState, Run, SnapshotMeta } from '../../../src/types/log.js';
import type { RaftMessage } from '../../../src/types/message.js';
import { applyWrite, cutFrom, cutTo, entriesOf, type PlainEntry } from './entries.js';

export interface Disk {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  readonly state: readonly PlainEntry[];
  readonly runs: readonly Run[];
}

export interface MemberEvents {
  /** Everything worth a line in a trace. */
  note(line: string): void;
  send(message: RaftMessage): void;
}

export type MemberOptions = Omit<RaftOptions, 'initial'>;

interface Writing {
  readonly ready: Ready;
}

export function emptyDisk(configuration: Configuration): Disk {
  return {
    hardState: { term: asTerm(0), votedFor: undefined, commitIndex: asIndex(0) },
    snapshot: { index: asIndex(0), term: asTerm(0), configuration },
    state: [],
    runs: [],
  };
}

export class TestMember {
  readonly id: MemberId;
  readonly #options: MemberOptions;
  readonly #events: MemberEvents;
  raft: Raft;
  disk: Disk;
  /** Writes are not synced until `persist`. */
  isSlow = false;
  isUp = true;
  /** The log in memory: the disk's, with all writes that were handed out. */
  memory: readonly Run[];
  applied: PlainEntry[] = [];
  readonly reads: { id: number; index: number }[] = [];
  readonly readsFailed: number[] = [];
  installing: InstallOrder | undefined;
  #writing: Writing[] = [];
  #role = '';

  constructor(options: MemberOptions, disk: Disk, events: MemberEvents) {
    this.id = options.self;
    this.#options = options;
    this.#events = events;
    this.disk = disk;
    this.memory = disk.runs;
    this.raft = this.#load();
  }

  #load(): Raft {
    const { hardState, snapshot, runs, state } = this.disk;
    this.memory = runs;
    this.applied = [...state];
    this.installing = undefined;
    this.#writing = [];
    const appliedIndex = snapshot.index;
    const raft = new Raft({
      ...this.#options,
      initial: { hardState, snapshot, runs, appliedIndex },
    });
    this.#role = roleOf(raft);
    return raft;
  }

  crash(): void {
    this.isUp = false;
    this.#writing = [];
  }

  restart(): void {
    this.isUp = true;
    this.raft = this.#load();
    this.pump();
  }

  /** Damage: the disk has forgotten the entries from there on. Only while down. */
  loseTail(from: number): void {
    this.disk = { ...this.disk, runs: cutFrom(this.disk.runs, from) };
  }

  /** Does what raft asks for until it asks for nothing. */
  pump(): void {
    this.#noteRole();
    for (let ready = this.raft.takeReady(); ready; ready = this.raft.takeReady()) {
      this.#perform(ready);
      if (!this.isSlow) while (this.#writing.length > 0) this.#persistOldest();
      this.#noteRole();
    }
  }

  #noteRole(): void {
    const role = roleOf(this.raft);
    if (role !== this.#role) this.#events.note(`${this.id} becomes ${role}`);
    this.#role = role;
  }

  #perform(ready: Ready): void {
    if (ready.write === undefined && ready.sendAfterPersist.length > 0) {
      throw new Error('messages wait for a write that is not there');
    }
    if (ready.write !== undefined) this.#beginWrite(ready);
    for (const message of ready.send) this.#events.send(message);
    for (const run of ready.committed) this.#apply(run);
    for (const read of ready.reads) {
      this.reads.push(read);
      this.#events.note(`${this.id} serves read ${read.id} at ${read.index}`);
    }
    for (const id of ready.readsFailed) {
      this.readsFailed.push(id);
      this.#events.note(`${this.id} fails read ${id}`);
    }
    if (ready.install !== undefined) this.#beginInstall(ready.install);
  }

  #beginWrite(ready: Ready): void {
    const write = ready.write!;
    const parts = write.runs.map(describeRun);
    if (write.truncateFrom !== undefined) parts.unshift(`cut from ${write.truncateFrom}`);
    const { hardState } = write;
    if (hardState !== undefined) {
      parts.push(`term=${hardState.term} vote=${hardState.votedFor ?? '-'}`);
    }
    this.#events.note(`${this.id} writes ${parts.join(' ')}`);
    this.memory = applyWrite(this.memory, write);
    this.#writing.push({ ready });
  }

  #apply(run: Run): void {
    this.#events.note(`${this.id} applies ${describeRun(run)}`);
    this.applied.push(...entriesOf([run]));
    this.raft.applied(asIndex(run.first + run.count - 1));
  }

  #beginInstall(order: InstallOrder): void {
    this.installing = order;
    this.#events.note(`${this.id} must fetch ${order.snapshot.index} from ${order.from}`);
  }

  get writesUnderWay(): number {
    return this.#writing.length;
  }

  persist(): void {
    this.#events.note(`${this.id} has synced`);
    this.#persistOldest();
    this.pump();
  }

  #persistOldest(): void {
    const { ready } = this.#writing.shift()!;
    const write = ready.write!;
    this.disk = {
      ...this.disk,
      runs: applyWrite(this.disk.runs, write),
      hardState: write.hardState ?? this.disk.hardState,
    };
    this.raft.persisted(ready.token);
    for (const message of ready.sendAfterPersist) this.#events.send(message);
  }

  /** A checkpoint of all that is applied; the log before it goes. */
  checkpoint(): void {
    const index = asIndex(this.applied.at(-1)!.index);
    this.disk = {
      ...this.disk,
      snapshot: this.raft.snapshotAt(index),
      state: [...this.applied],
      runs: cutTo(this.disk.runs, index),
    };
    this.memory = cutTo(this.memory, index);
    this.raft.trim(index);
  }

  /** The fetched state is on disk, behind all earlier writes; the log there is gone: the base was switched. */
  install(state: readonly PlainEntry[], meta: SnapshotMeta): void {
    while (this.#writing.length > 0) this.#persistOldest();
    this.disk = { ...this.disk, snapshot: meta, state, runs: [] };
    this.memory = [];
    this.applied = [...state];
    this.installing = undefined;
    this.raft.snapshotInstalled(meta);
    this.pump();
  }
}

function roleOf(raft: Raft): string {
  return `${raft.role} at term ${raft.term}`;
}
