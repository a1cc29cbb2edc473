import { describe, expect, it } from 'vitest';
import { type Column, pad, printable, renderFields, renderTable } from '../../src/cli/table.js';

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'COUNT', value: (row) => String(row.count), align: 'right' },
];

describe('tables', () => {
  it('align their columns without borders', () => {
    const lines = renderTable(COLUMNS, [
      { name: 'web', count: 3 },
      { name: 'payments', count: 12 },
    ]);
    expect(lines).toEqual(['NAME      COUNT', 'web           3', 'payments     12']);
  });

  it('show a dash for what is empty', () => {
    expect(renderTable(COLUMNS, [{ name: '', count: 0 }])[1]).toBe('-         0');
  });

  it('cut the widest column to the width of the terminal, and only there', () => {
    const rows = [{ name: 'a-rather-long-name-of-a-service', count: 1 }];
    const cut = renderTable(COLUMNS, rows, { width: 20 });
    expect(cut[1]).toBe('a-rather-lon…      1');
    expect(cut.every((line) => line.length <= 20)).toBe(true);
    expect(renderTable(COLUMNS, rows)[1]).toContain('a-rather-long-name-of-a-service');
  });

  it('stay readable on a terminal that is far too narrow', () => {
    const lines = renderTable(COLUMNS, [{ name: 'payments-eu', count: 1 }], { width: 3 });
    expect(lines[1]).toContain('payment…');
  });

  it('count wide characters as two columns and marks as none', () => {
    const lines = renderTable(COLUMNS, [
      { name: '日本', count: 1 },
      { name: 'e\u0301', count: 2 },
    ]);
    expect(lines).toEqual(['NAME  COUNT', '日本      1', 'e\u0301         2']);
  });

  it('paint after padding, so that colours never move a column', () => {
    const columns = COLUMNS.map((column) => ({ ...column, paint: (text: string) => `<${text}>` }));
    expect(renderTable(columns, [{ name: 'web', count: 3 }])[1]).toBe('<web >  <    3>');
  });

  it('never pass on control characters that others wrote', () => {
    expect(printable('\u001b[31mred\u202e')).toBe('\\u001b[31mred\\u202e');
    const lines = renderTable(COLUMNS, [{ name: 'a\nb', count: 1 }]);
    expect(lines[1]).toContain('a\\u000ab');
  });

  it('fit text into exactly the width asked for', () => {
    expect(pad('日本語', 4)).toBe('日… ');
    expect(pad('ab', 4, 'right')).toBe('  ab');
  });

  it('align named values', () => {
    expect(
      renderFields([
        ['leader', 'ada'],
        ['term', '4'],
      ]),
    ).toEqual(['leader  ada', 'term    4']);
  });
});
