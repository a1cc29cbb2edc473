/**
 * Goal: whatever happened to a file of a member, its next start is one of three: it is whole, it is in
 * quarantine and says why, or it refuses and says why. It loads nothing that was never stored, it throws
 * nothing else, and the start after that one is no worse. Method: seeded mutations of one file at a time,
 * in memory and in a real directory with LevelDB.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import { openMemoryStorage, openStorage } from '../../src/storage/open.js';
import { mutate } from './mutations.js';
import { LAST_INDEX, type Start, type Stored, startMember, storeMember } from './stored-member.js';
import { createRandom } from './wal-support.js';

const MEMORY_SEEDS = 300;
const DIRECTORY_SEEDS = 30;
const SIZES = { segmentBytes: 2_048, allocateBytes: 1_024 };

/** What is wrong with a start, or undefined. */
function problem(start: Start): string | undefined {
  if (start.bad !== undefined) return start.bad;
  const isShort = start.kind === 'whole' && start.index < LAST_INDEX;
  // What looks torn is cut, and that is said; nothing else may be missing.
  if (isShort && !start.reason.includes('torn'))
    return `nothing said, and it ends at ${start.index}`;
  return start.kind !== 'whole' && start.reason === '' ? 'no reason' : undefined;
}

/** Two lives in a row. */
async function live(open: Parameters<typeof startMember>[0], stored: Stored): Promise<string> {
  const first = await startMember(open, stored);
  const second = await startMember(open, stored);
  const found =
    problem(first) ?? problem({ ...second, reason: `${second.reason} ${first.reason}` });
  if (found !== undefined) return `${first.kind}, then ${second.kind}: ${found}`;
  // A refusal or a quarantine is not worn down by trying again.
  if (first.kind !== 'whole' && second.kind === 'whole') return `${first.kind}, then whole`;
  return `${first.kind}`;
}

const KINDS = ['whole', 'quarantine', 'refused'];

/** Every seed must end well, and each kind must have been seen: else the mutations say nothing. */
function judge(seen: ReadonlyMap<string, string>): void {
  const bad = [...seen].filter(([, outcome]) => !KINDS.includes(outcome));
  expect(bad).toEqual([]);
  expect(new Set(seen.values())).toEqual(new Set(KINDS));
}

describe('in memory', () => {
  test('every file, mutated in every way', async () => {
    const seen = new Map<string, string>();
    for (let seed = 1; seed <= MEMORY_SEEDS; seed++) {
      const random = createRandom(seed);
      const disk = new MemoryDisk();
      const databases = new MemoryStateDatabases();
      const open = () => openMemoryStorage({ disk, databases, random: createRandom(1), ...SIZES });
      const stored = await storeMember(await open(), { trim: seed % 2 === 0 });
      const names = await disk.list();
      const name = names[random.below(names.length)]!;
      const { name: what, bytes } = mutate(disk.contents(name), random);
      if (bytes === undefined) disk.lose(name);
      else disk.overwrite(name, bytes);
      seen.set(`${seed}: ${name}, ${what}`, await live(open, stored).catch(String));
    }
    judge(seen);
  });

  test.each([
    ['identity.json', 'damaged', 'refused'],
    ['identity.json', 'gone', 'quarantine'],
    ['current-state.json', 'damaged', 'quarantine'],
    ['current-state.json', 'gone', 'quarantine'],
    ['log-000000000002.wal', 'damaged', 'quarantine'],
    ['log-000000000002.wal', 'gone', 'quarantine'],
    ['quarantine.json', 'damaged', 'refused'],
    ['the state', 'damaged', 'quarantine'],
  ])('%s %s: %s', async (name, how, expected) => {
    const disk = new MemoryDisk();
    const databases = new MemoryStateDatabases();
    const open = () => openMemoryStorage({ disk, databases, random: createRandom(1), ...SIZES });
    const stored = await storeMember(await open(), { trim: true });
    const names = await disk.list();
    // The first that is left; which number it has depends on what was trimmed.
    const wanted = name.endsWith('.wal') ? names.filter((file) => file.endsWith('.wal'))[1]! : name;
    if (name === 'the state') databases.damage('state-1');
    else if (how === 'gone') disk.lose(wanted);
    else disk.overwrite(wanted, new Uint8Array(600).fill(7));
    expect(await live(open, stored)).toBe(expected);
  });

  test('a row that was changed, added or lost is found by the digest', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const disk = new MemoryDisk();
      const databases = new MemoryStateDatabases();
      const open = () => openMemoryStorage({ disk, databases, random: createRandom(1), ...SIZES });
      const stored = await storeMember(await open(), { trim: seed % 2 === 0 });
      const database = await databases.open('state-1', 'existing');
      const rows: (readonly [Uint8Array, Uint8Array])[] = [];
      for await (const slice of database.rows()) rows.push(...slice);
      const [key, value] = rows[random.below(rows.length)]!;
      const changed = mutate(value, random).bytes;
      if (changed !== undefined && Buffer.compare(changed, value) === 0) continue;
      const puts = changed === undefined ? [] : [[key, changed] as const];
      const deletes = changed === undefined ? [key] : [];
      await database.write({ puts, deletes }, { durable: true });
      expect([seed, await live(open, stored)]).toEqual([seed, 'quarantine']);
    }
  });
});

describe('in a directory', () => {
  let folder: string;
  let stored: Stored;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-mutated-'));
    stored = await storeMember(await openStorage(join(folder, 'whole'), SIZES), { trim: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every file, LevelDB’s too, mutated in every way', async () => {
    const seen = new Map<string, string>();
    for (let seed = 1; seed <= DIRECTORY_SEEDS; seed++) {
      const random = createRandom(seed);
      const directory = join(folder, `s${seed}`);
      cpSync(join(folder, 'whole'), directory, { recursive: true });
      const files = filesBelow(directory);
      const isAny = random.below(5) === 0;
      const worth = isAny ? files : files.filter((file) => !file.startsWith('lock'));
      const name = worth[random.below(worth.length)]!;
      const path = join(directory, name);
      const { name: what, bytes } = mutate(readFileSync(path), random);
      if (bytes === undefined) rmSync(path);
      else writeFileSync(path, bytes);
      const open = () => openStorage(directory, SIZES);
      seen.set(`${seed}: ${name}, ${what}`, await live(open, stored).catch(String));
      rmSync(directory, { recursive: true });
    }
    judge(seen);
  });
});

function filesBelow(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(directory, name)).isFile()).sort();
}
