/**
 * The disk port in memory, with what a power loss does to a real one: what was written and not synced is
 * kept, lost or torn sector by sector; names created, renamed or removed without `syncDirectory` may be
 * back as they were; a failed sync leaves bytes that can be read and never become durable. After `crash`
 * whoever held the disk before is gone: none of its calls settles any more.
 */
import { assert } from '../types/assert.js';
import type { Disk, DiskFile, Random } from '../types/ports.js';

export type DiskOperation = keyof Disk | Exclude<keyof DiskFile, 'open'>;

export interface MemoryDiskOptions {
  /** Decides when an operation completes; writes are torn by a crash from their call on. Default: at once. */
  readonly schedule?: (operation: DiskOperation, complete: () => void) => void;
  /** An error makes that operation fail. */
  readonly fault?: (operation: DiskOperation, name: string) => Error | undefined;
}

/** What a device writes as a whole. */
const SECTOR_BYTES = 512;

type Change =
  | { readonly type: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly length: number };

interface PendingChange {
  readonly change: Change;
  /** A sync failed over it: no later sync makes it durable. */
  lost: boolean;
}

class Content {
  bytes = new Uint8Array(0);
  size = 0;

  apply(change: Change): void {
    if (change.type === 'write') this.#write(change.offset, change.bytes);
    else this.#resize(change.length);
  }

  read(offset: number, length: number): Uint8Array {
    const start = Math.min(offset, this.size);
    return this.bytes.slice(start, Math.min(start + length, this.size));
  }

  copyFrom(other: Content): void {
    this.bytes = other.bytes.slice(0, other.size);
    this.size = other.size;
  }

  #write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.size) this.#resize(end);
    this.bytes.set(bytes, offset);
  }

  #resize(size: number): void {
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    }
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }
}

interface Inode {
  readonly seen: Content;
  readonly durable: Content;
  pending: PendingChange[];
}

type Names = Map<string, Inode>;
type NameChange = (names: Names) => void;

export class MemoryDisk implements Disk {
  readonly #schedule: (operation: DiskOperation, complete: () => void) => void;
  readonly #fault: (operation: DiskOperation, name: string) => Error | undefined;
  #seen: Names = new Map();
  #durable: Names = new Map();
  #pendingNames: NameChange[] = [];
  #life = 0;

  constructor(options: MemoryDiskOptions = {}) {
    this.#schedule = options.schedule ?? ((_, complete) => queueMicrotask(complete));
    this.#fault = options.fault ?? (() => undefined);
  }

  open(name: string, mode: 'create' | 'existing'): Promise<DiskFile> {
    return this.#run('open', name, () => {
      const inode = mode === 'create' ? this.#create(name) : this.#find(name);
      return this.#file(inode, name);
    });
  }

  list(): Promise<string[]> {
    return this.#run('list', '', () => [...this.#seen.keys()].sort());
  }

  exists(name: string): Promise<boolean> {
    return this.#run('exists', name, () => this.#seen.has(name));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, () => {
      const inode = this.#find(from);
      this.#changeNames((names) => {
        names.delete(from);
        names.set(to, inode);
      });
    });
  }

  remove(name: string): Promise<void> {
    return this.#run('remove', name, () => {
      this.#find(name);
      this.#changeNames((names) => names.delete(name));
    });
  }

  syncDirectory(): Promise<void> {
    const covered = [...this.#pendingNames];
    return this.#run('syncDirectory', '', () => {
      for (const change of covered) change(this.#durable);
      this.#pendingNames = this.#pendingNames.filter((change) => !covered.includes(change));
    });
  }

  /** Power loss: every change not made durable is kept, lost or torn, as `random` says. */
  crash(random: Random): void {
    this.#life++;
    for (const change of this.#pendingNames) if (random.below(2) === 0) change(this.#durable);
    this.#pendingNames = [];
    for (const inode of new Set([...this.#durable.values(), ...this.#seen.values()])) {
      settle(inode, random);
    }
    this.#seen = new Map(this.#durable);
  }

  /** The process died, the machine did not: everything written stays. */
  kill(): void {
    this.#life++;
  }

  /** What a file holds, as the next reader would see it. */
  contents(name: string): Uint8Array {
    const { seen } = this.#find(name);
    return seen.read(0, seen.size);
  }

  /** Changes a file behind its owner's back, durably: for damage. */
  overwrite(name: string, bytes: Uint8Array): void {
    const inode: Inode = { seen: new Content(), durable: new Content(), pending: [] };
    inode.durable.apply({ type: 'write', offset: 0, bytes });
    inode.seen.copyFrom(inode.durable);
    this.#seen.set(name, inode);
    this.#durable.set(name, inode);
  }

  /** Deletes a file behind its owner's back, durably. */
  lose(name: string): void {
    this.#seen.delete(name);
    this.#durable.delete(name);
  }

  #create(name: string): Inode {
    const inode: Inode = { seen: new Content(), durable: new Content(), pending: [] };
    this.#changeNames((names) => names.set(name, inode));
    return inode;
  }

  #find(name: string): Inode {
    const inode = this.#seen.get(name);
    if (inode === undefined) throw fileError('ENOENT', name);
    return inode;
  }

  #changeNames(change: NameChange): void {
    change(this.#seen);
    this.#pendingNames.push(change);
  }

  #file(inode: Inode, name: string): DiskFile {
    const change = (operation: DiskOperation, made: Change): Promise<void> => {
      if (this.#isDead(life)) return new Promise(() => {});
      inode.seen.apply(made);
      inode.pending.push({ change: made, lost: false });
      return this.#run(operation, name, () => {}, life);
    };
    const life = this.#life;
    return {
      write: (offset, parts) => change('write', { type: 'write', offset, bytes: joined(parts) }),
      read: (offset, length) =>
        this.#run('read', name, () => inode.seen.read(offset, length), life),
      sync: () => this.#sync(inode, { name, life }),
      size: () => this.#run('size', name, () => inode.seen.size, life),
      truncate: (length) => change('truncate', { type: 'truncate', length }),
      close: () => this.#run('close', name, () => {}, life),
    };
  }

  #sync(inode: Inode, of: { readonly name: string; readonly life: number }): Promise<void> {
    const covered = new Set(inode.pending);
    const fault = (): Error | undefined => {
      const error = this.#fault('sync', of.name);
      if (error !== undefined) for (const pending of covered) pending.lost = true;
      return error;
    };
    const effect = (): void => {
      for (const { change, lost } of covered) if (!lost) inode.durable.apply(change);
      inode.pending = inode.pending.filter((pending) => pending.lost || !covered.has(pending));
    };
    return this.#perform('sync', { life: of.life, fault, effect });
  }

  #run<T>(operation: DiskOperation, name: string, effect: () => T, life = this.#life): Promise<T> {
    return this.#perform(operation, { life, fault: () => this.#fault(operation, name), effect });
  }

  #perform<T>(
    operation: DiskOperation,
    work: { life: number; fault: () => Error | undefined; effect: () => T },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isDead(work.life)) return;
      this.#schedule(operation, () => {
        if (this.#isDead(work.life)) return;
        const error = work.fault();
        if (error !== undefined) return reject(error);
        try {
          resolve(work.effect());
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }

  #isDead(life: number): boolean {
    return life !== this.#life;
  }
}

function settle(inode: Inode, random: Random): void {
  for (const { change } of inode.pending) {
    if (change.type === 'write') settleWrite(inode.durable, change, random);
    else if (random.below(2) === 0) inode.durable.apply(change);
  }
  inode.pending = [];
  inode.seen.copyFrom(inode.durable);
}

/** One write in three is kept, one is lost, one is torn: each of its sectors for itself. */
function settleWrite(
  content: Content,
  write: { readonly offset: number; readonly bytes: Uint8Array },
  random: Random,
): void {
  const fate = random.below(3);
  if (fate === 0) content.apply({ type: 'write', ...write });
  if (fate !== 2) return;
  const { offset, bytes } = write;
  let start = 0;
  while (start < bytes.length) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((offset + start) % SECTOR_BYTES));
    if (random.below(2) === 0) {
      content.apply({ type: 'write', offset: offset + start, bytes: bytes.subarray(start, end) });
    }
    start = end;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function fileError(code: string, name: string): Error {
  assert(name !== '', 'a file has a name');
  return Object.assign(new Error(`${code}: ${name}`), { code });
}
