/**
 * Goal: what a member writes to its disk today, one of tomorrow reads. The files in `files/` were written
 * by the code of their day: they must decode to the values they stand for, and those values must encode to
 * the same bytes. A change of layout fails here; one that is meant needs a new format version, code that
 * reads the old one, and files for both. `ROLLCALL_GOLDEN=write npx vitest run test/golden` writes them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeCheckpointMeta } from '../../src/codec/checkpoint.js';
import { decodeRow } from '../../src/codec/row.js';
import { readIdentity } from '../../src/storage/identity.js';
import { scanSegment } from '../../src/storage/log/scan.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { openWal } from '../../src/storage/wal.js';
import { createRandom } from '../storage/wal-support.js';
import {
  CHECKPOINT,
  checkpointDescription,
  encodeRow,
  exampleDisk,
  FOUNDERS,
  HARD_STATE,
  JSON_FILES,
  MASKED,
  OWNER,
  ROWS,
  RUNS,
  SEGMENT,
} from './examples.js';

const FOLDER = fileURLToPath(new URL('./files/', import.meta.url));
const ROW_FILE = 'rows.txt';
const CHECKPOINT_FILE = 'checkpoint.hex';
const SEGMENT_FILE = `${SEGMENT}.hex`;
const BYTES_A_LINE = 32;

const disk = await exampleDisk();
const written: ReadonlyMap<string, string> = new Map([
  [SEGMENT_FILE, dump(disk.contents(SEGMENT))],
  [CHECKPOINT_FILE, dump(checkpointDescription())],
  [ROW_FILE, Object.keys(ROWS).map(rowLine).join('')],
  ...JSON_FILES.map(
    (name) => [`${name}.txt`, Buffer.from(disk.contents(name)).toString()] as const,
  ),
]);
if (process.env.ROLLCALL_GOLDEN === 'write') {
  for (const [name, text] of written) writeFileSync(`${FOLDER}${name}`, text);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function dump(bytes: Uint8Array): string {
  const text = hex(bytes);
  return `${text.match(new RegExp(`.{1,${BYTES_A_LINE * 2}}`, 'g'))!.join('\n')}\n`;
}

function undump(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll('\n', ''), 'hex'));
}

function rowLine(name: string): string {
  const { key, value } = encodeRow(ROWS[name]!);
  return `${name}\n  ${hex(key)}\n  ${hex(value)}\n`;
}

function golden(name: string): string {
  return readFileSync(`${FOLDER}${name}`, 'utf8');
}

test('everything a member writes is among the files, byte for byte', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...written.keys()].sort());
  for (const [name, text] of written) expect(text, name).toBe(golden(name));
});

describe('a log segment', () => {
  const read = () => undump(golden(SEGMENT_FILE));

  test('scans to its operations', () => {
    const scan = scanSegment(read(), { owner: OWNER, number: 1 });
    expect(scan.verdict).toEqual({ type: 'sound' });
    expect(scan.preamble).toMatchObject({ ...OWNER, number: 1 });
    expect(scan.hardState).toEqual(HARD_STATE);
    const runs = scan.operations.filter(({ type }) => type === 'run');
    expect(runs.map((operation) => 'run' in operation && plain(operation.run))).toEqual(
      [...RUNS, MASKED].map(plain),
    );
    expect(scan.operations.find(({ type }) => type === 'trim')).toEqual({
      type: 'trim',
      base: CHECKPOINT.snapshot,
    });
  });

  test('is started from', async () => {
    const found = new MemoryDisk();
    found.overwrite(SEGMENT, read());
    const options = { ...OWNER, founders: FOUNDERS, random: createRandom(2) };
    const { recovered } = await openWal(found, options);
    expect(recovered.damage).toBeUndefined();
    expect(recovered.base).toEqual(CHECKPOINT.snapshot);
    expect(recovered.hardState).toEqual(HARD_STATE);
    expect(recovered.runs.map(plain)).toEqual([RUNS[1]!, MASKED].map(plain));
  });
});

describe('a row', () => {
  const lines = golden(ROW_FILE).split('\n');
  const found = Array.from({ length: Math.floor(lines.length / 3) }, (_, i) => ({
    name: lines[i * 3]!,
    key: undump(lines[i * 3 + 1]!.trim()),
    value: undump(lines[i * 3 + 2]!.trim()),
  }));

  test.each(found)('of the kind of $name decodes to what it stands for', ({ name, key, value }) => {
    expect(decodeRow({ key, value })).toEqual(ROWS[name]);
    expect(encodeRow(ROWS[name]!)).toEqual({ key, value });
  });

  test('stands in the order of its table, and nodes before what is under them', () => {
    const keys = found.map(({ key }) => Buffer.from(key));
    expect([...keys].sort(Buffer.compare)).toEqual(keys);
    expect(new Set(keys.map((key) => key[0]))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  });
});

test('the description of a checkpoint', () => {
  expect(decodeCheckpointMeta(undump(golden(CHECKPOINT_FILE)))).toEqual(CHECKPOINT);
});

test('an identity', async () => {
  const found = new MemoryDisk();
  found.overwrite('identity.json', new Uint8Array(Buffer.from(golden('identity.json.txt'))));
  expect(await readIdentity(found)).toEqual({ ...OWNER, founders: FOUNDERS, boot: 4 });
});

test('a quarantine', async () => {
  const found = await exampleDisk();
  found.overwrite('quarantine.json', new Uint8Array(Buffer.from(golden('quarantine.json.txt'))));
  const options = { ...OWNER, founders: FOUNDERS, random: createRandom(2) };
  const { recovered } = await openWal(found, options);
  expect(recovered).toMatchObject({ damage: 'no frame at 4096', hardStateIntact: true });
});

/** Views on larger memory compare by what they show. */
function plain(run: (typeof RUNS)[number]) {
  return { ...run, bytes: hex(run.bytes), offsets: [...run.offsets] };
}
