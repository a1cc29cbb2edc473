import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/storage/identity.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import { type MemberStorage, openMemoryStorage, openStorage } from '../../src/storage/open.js';
import { asClusterId, asMemberId } from '../../src/types/ids.js';
import { metaAt, rowOf } from '../contract/state-database.js';
import { base, createRandom, entries, entriesOf, FOUNDERS, run, vote } from './wal-support.js';

const IDENTITY: Identity = {
  memberId: asMemberId('00000000000000ab'),
  clusterId: asClusterId('c'.repeat(32)),
  founders: FOUNDERS,
  boot: 1,
};

const newMachine = () => ({ disk: new MemoryDisk(), databases: new MemoryStateDatabases() });

async function openMemory(machine: ReturnType<typeof newMachine>): Promise<MemberStorage> {
  const random = createRandom(1);
  const storage = await openMemoryStorage({ ...machine, random, allocateBytes: 4096 });
  if (storage.identity === undefined) await storage.writeIdentity(IDENTITY);
  return storage;
}

describe('storage', () => {
  it('knows an empty directory, and counts the starts of one that is not', async () => {
    const machine = newMachine();
    const random = createRandom(1);
    const empty = await openMemoryStorage({ ...machine, random });
    expect(empty.identity).toBe(undefined);
    await empty.writeIdentity({ ...IDENTITY, clusterId: undefined });
    await empty.writeIdentity(IDENTITY);
    await empty.close();
    for (const boot of [2, 3]) {
      const storage = await openMemoryStorage({ ...machine, random });
      expect(storage.identity).toEqual({ ...IDENTITY, boot });
      await storage.close();
    }
  });

  it('opens log and checkpoints together', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 10)], hardState: vote(1) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await log.trim(base(5));
    await first.close();
    const found = await (await openMemory(machine)).openLog();
    expect(entriesOf(found.recovered.runs)).toEqual(entries(6, 10));
    expect(found.checkpoint).toEqual(metaAt(8));
    expect(found.stateDamage).toBe(undefined);
  });

  it('begins the log at the state when it has nothing so new', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 3)], hardState: vote(1) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await first.close();
    for (let start = 0; start < 2; start++) {
      const storage = await openMemory(machine);
      const { recovered, stateDamage } = await storage.openLog();
      expect(recovered).toMatchObject({ base: metaAt(8).snapshot, runs: [], damage: undefined });
      expect([recovered.hardState, stateDamage]).toEqual([vote(1), undefined]);
      await storage.close();
    }
  });

  it('quarantines a log that has not seen the term of its own state', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { checkpoints } = await first.openLog();
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await first.close();
    for (let start = 0; start < 2; start++) {
      const storage = await openMemory(machine);
      const { log, recovered } = await storage.openLog();
      expect(recovered.damage).toContain('has not seen term 1');
      expect(recovered).toMatchObject({ hardStateIntact: false, base: metaAt(8).snapshot });
      await log.append({ runs: [], hardState: vote(4) });
      await storage.close();
    }
  });

  it('keeps a sound state when the log is damaged, and reports the damage until it is lifted', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 10)], hardState: vote(3) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await first.close();
    const bytes = machine.disk.contents('log-000000000001.wal');
    bytes[1030]! ^= 1;
    machine.disk.overwrite('log-000000000001.wal', bytes);
    const second = await openMemory(machine);
    const found = await second.openLog();
    expect(found.recovered.damage).toContain('log segment 1');
    expect(found.recovered).toMatchObject({ base: metaAt(8).snapshot, hardState: vote(3) });
    expect(found.recovered.hardStateIntact).toBe(true);
    await found.log.append({ runs: [run(9, 2)] });
    await found.log.liftQuarantine();
    await second.close();
    const { recovered } = await (await openMemory(machine)).openLog();
    expect(recovered.damage).toBe(undefined);
    expect(entriesOf(recovered.runs)).toEqual(entries(9, 10));
  });

  it('reports a state that is gone, at every start, until there is one again', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 10)], hardState: vote(1) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await log.trim(base(5));
    await first.close();
    machine.databases.damage(checkpoints.directory);
    for (const words of [checkpoints.directory, 'begins behind 5']) {
      const storage = await openMemory(machine);
      const found = await storage.openLog();
      expect(found.stateDamage).toContain(words);
      expect(found.checkpoint).toBe(undefined);
      await storage.close();
    }
  });

  it('stays quarantined when someone else found the reason', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log } = await first.openLog();
    await log.append({ runs: [run(1, 2)], hardState: vote(2) });
    await log.quarantine('the digest differs', { hardStateIntact: true });
    await first.close();
    const { recovered } = await (await openMemory(machine)).openLog();
    expect(recovered).toMatchObject({ damage: 'the digest differs', hardState: vote(2) });
    expect(entriesOf(recovered.runs)).toEqual(entries(1, 2));
  });

  it('starts over with nothing but the vote, and keeps what it had for a look', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 10)], hardState: vote(3) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    await log.trim(base(5));
    const again = await first.startOver('the digest differs');
    await again.log.append({ runs: [run(1, 2)] });
    await first.close();
    expect(again.stateDamage).toBe(undefined);
    expect(await again.checkpoints.load()).toBe(undefined);
    expect(await machine.disk.list()).toContain('damaged-log-000000000001.wal');
    expect(await machine.databases.list()).toEqual(['state-2']);
    const { recovered, checkpoint } = await (await openMemory(machine)).openLog();
    expect(recovered).toMatchObject({ damage: 'the digest differs', hardStateIntact: true });
    expect([recovered.hardState, recovered.base.index]).toEqual([vote(3), 0]);
    expect([entriesOf(recovered.runs), checkpoint]).toEqual([entries(1, 2), undefined]);
  });

  it('starts over at the next opening, state and log, when the record says so', async () => {
    const machine = newMachine();
    const first = await openMemory(machine);
    const { log, checkpoints } = await first.openLog();
    await log.append({ runs: [run(1, 10)], hardState: vote(3) });
    await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
    const options = { hardStateIntact: true, startsOver: true };
    await log.quarantine('the state differs', options);
    machine.disk.kill();
    machine.databases.kill();
    const second = await openMemory(machine);
    const { recovered, checkpoint, stateDamage } = await second.openLog();
    expect(recovered).toMatchObject({ damage: 'the state differs', hardState: vote(3), runs: [] });
    expect([recovered.base.index, checkpoint, stateDamage]).toEqual([0, undefined, undefined]);
    await second.close();
    const third = await openMemory(machine);
    expect((await third.openLog()).recovered.startsOver).toBe(false);
  });

  it('keeps what the newest quarantine set aside, and nothing older', async () => {
    const machine = newMachine();
    for (let round = 1; round <= 2; round++) {
      const storage = await openMemory(machine);
      const { log } = await storage.openLog();
      await log.append({ runs: [run(1, 3)], hardState: vote(round) });
      const again = await storage.startOver('the digest differs');
      const aside = (await machine.disk.list()).filter((name) => name.startsWith('damaged-'));
      expect(aside).toHaveLength(1);
      await again.log.liftQuarantine();
      await storage.close();
    }
  });

  it('starts over again when a crash cut that short', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const machine = newMachine();
      const first = await openMemory(machine);
      const { log, checkpoints } = await first.openLog();
      await log.append({ runs: [run(1, 10)], hardState: vote(3) });
      await checkpoints.save({ meta: metaAt(8), puts: [rowOf([1])], deletes: [] });
      first.startOver('the digest differs').catch(() => {});
      for (let step = 0; step < steps * 5; step++) await Promise.resolve();
      machine.disk.crash(createRandom(steps));
      machine.databases.crash(createRandom(steps));
      const second = await openMemory(machine);
      const found = await second.openLog();
      expect(found.recovered.hardState).toEqual(vote(3));
      const { recovered } = await second.startOver('the digest differs');
      expect(recovered).toMatchObject({ hardStateIntact: true, hardState: vote(3), runs: [] });
      expect(recovered.base.index).toBe(0);
    }
  });
});

describe('storage in a real directory', () => {
  let directory: string;
  let children: ChildProcess[];
  beforeEach(async () => {
    children = [];
    directory = await mkdtemp(join(tmpdir(), 'rollcall-data-'));
  });
  afterEach(async () => {
    for (const child of children) await kill(child);
    await rm(directory, { recursive: true });
  });

  function start(mode: 'hold' | 'write'): ChildProcess {
    const script = new URL('../support/programs/storage.mjs', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, mode, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Reads what the child says, and kills it in the middle when it has said enough. */
  async function listen(child: ChildProcess, enough: (line: string) => boolean): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line);
      if (enough(line)) child.kill('SIGKILL');
    }
    return lines;
  }

  it('belongs to one process at a time, and to nobody once that was killed', async () => {
    const child = start('hold');
    await once(child.stdout!, 'data');
    const refusal = expect(openStorage(directory)).rejects;
    await refusal.toThrow(`${directory} is in use by process ${child.pid}`);
    await kill(child);
    const storage = await openStorage(directory);
    await expect(openStorage(directory)).rejects.toThrow(`process ${process.pid}`);
    await storage.close();
    await (await openStorage(directory)).close();
  });

  it('is not kept from it by damage to the lock itself', async () => {
    await (await openStorage(directory)).close();
    await writeFile(join(directory, 'lock', 'CURRENT'), 'nothing that LevelDB wrote');
    await (await openStorage(directory)).close();
  });

  it('has all that a killed process was told is durable', async () => {
    const lines = await listen(start('write'), (line) => line === 'log 150');
    const highest = (kind: string): number =>
      Math.max(
        ...lines.filter((line) => line.startsWith(kind)).map((line) => +line.split(' ')[1]!),
      );
    const storage = await openStorage(directory);
    expect(storage.identity!.boot).toBe(2);
    const { recovered, checkpoint, stateDamage } = await storage.openLog();
    await storage.close();
    expect([recovered.damage, stateDamage]).toEqual([undefined, undefined]);
    const last = recovered.base.index + recovered.runs.length;
    expect(last).toBeGreaterThanOrEqual(highest('log'));
    expect(recovered.hardState.term).toBe(last);
    expect(entriesOf(recovered.runs)).toEqual(entries(recovered.base.index + 1, last));
    expect(checkpoint!.snapshot.index).toBeGreaterThanOrEqual(highest('state'));
    expect(checkpoint!.snapshot.index).toBeGreaterThan(recovered.base.index);
  });
});
