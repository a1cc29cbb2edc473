/** Goal: sizes, times and data read well, and never as something they are not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../../src/cli/errors.js';
import { describeAgo, describeTime, describeUntil } from '../../../src/cli/values/clock.js';
import {
  describePayload,
  payloadRow,
  readPayload,
  terminalText,
} from '../../../src/cli/values/payload.js';
import { count, describeSize, parseSize } from '../../../src/cli/values/sizes.js';

const NOW = new Date(2026, 0, 2, 14, 5, 31).getTime();

describe('sizes', () => {
  it.each([
    ['512', 512],
    ['10K', 10_240],
    ['1.5M', 1_572_864],
    ['2GiB', 2 * 1024 ** 3],
    ['3 kb', 3_072],
    ['7B', 7],
    ['', undefined],
    ['K', undefined],
    ['-1', undefined],
    ['1X', undefined],
    ['9999999999T', undefined],
  ])('%j is %j bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [3_482, '3.4 KiB'],
    [120 * 1024 * 1024, '120 MiB'],
    [5 * 1024 ** 5, '5120 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(describeSize(bytes)).toBe(text);
  });

  it('counts have their plural', () => {
    expect([count(1, 'node'), count(0, 'node'), count(2, 'child', 'children')]).toEqual([
      '1 node',
      '0 nodes',
      '2 children',
    ]);
  });
});

describe('times', () => {
  it('have their day only when it is another one', () => {
    expect(describeTime(NOW - 200_000, NOW)).toBe('14:02:11');
    expect(describeTime(NOW - 86_400_000, NOW)).toBe('2026-01-01 14:05:31');
    expect(describeAgo(NOW - 200_000, NOW)).toBe('3m20s ago (14:02:11)');
  });

  it('of a clock that runs ahead are now, not in the future', () => {
    expect(describeAgo(NOW + 5_000, NOW)).toContain('0ms ago');
  });

  it('that stand until lifted say so', () => {
    expect(describeUntil(0, NOW)).toBe('until lifted');
    expect(describeUntil(NOW + 600_000, NOW)).toBe('until 14:15:31 (10m)');
  });
});

describe('data', () => {
  const binary = Uint8Array.of(0xff, 0xfe, 0);

  it('is text for scripts when it is text, and flagged when it is not', () => {
    expect(payloadRow(Buffer.from('grüße\n'))).toEqual({ data: 'grüße\n', encoding: 'utf8' });
    expect(payloadRow(binary)).toEqual({ data: '//4A', encoding: 'base64' });
    expect(payloadRow(new Uint8Array(0))).toEqual({ data: '', encoding: 'utf8' });
  });

  it('keeps a byte order mark: it is a byte like any other', () => {
    const marked = Buffer.from('\ufeffa');
    expect(Buffer.from(payloadRow(marked).data, 'utf8')).toEqual(marked);
  });

  it('drives no terminal', () => {
    expect(terminalText(Buffer.from('a\tb\n\u001b[31mred'))).toBe('a\tb\n\\u001b[31mred');
    expect(terminalText(binary)).toBeUndefined();
    expect(describePayload(Buffer.from('\u001bc'))).toBe('\\u001bc');
    expect(describePayload(binary)).toBe('3 B, binary');
    expect(describePayload(new Uint8Array(0))).toBe('empty');
    expect(describePayload(Buffer.from('x'.repeat(100)))).toMatch(/^100 B, x{60}…$/);
  });

  it('is given as text or as a file, byte for byte', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-payload-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'data');
    writeFileSync(file, binary);
    expect(Buffer.from(await readPayload(`@${file}`))).toEqual(Buffer.from(binary));
    expect(Buffer.from(await readPayload('text'))).toEqual(Buffer.from('text'));
    expect(await readPayload(undefined)).toHaveLength(0);
  });

  it('of a file that is not there, or is too large, is refused with a remedy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-payload-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const large = join(folder, 'large');
    writeFileSync(large, Buffer.alloc(1024 * 1024 + 1));
    await expect(readPayload(`@${join(folder, 'none')}`)).rejects.toBeInstanceOf(UsageError);
    await expect(readPayload(`@${large}`)).rejects.toThrow('1 MiB');
  });
});
