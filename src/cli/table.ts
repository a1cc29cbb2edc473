/**
 * Tables as kubectl prints them: no borders, aligned columns, two spaces between. Pure: takes rows,
 * gives lines. What others wrote (tags, addresses) never reaches the terminal as control characters.
 */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Applied after padding, so that colours never disturb the columns. */
  readonly paint?: (text: string, row: Row) => string;
  readonly align?: 'right';
}

export interface TableOptions {
  /** Columns of the terminal; unset when the output is no terminal: then nothing is cut. */
  readonly width?: number | undefined;
}

const GAP = '  ';
/** A column is cut no narrower than this: less tells nobody anything. */
const COLUMN_WIDTH_MIN = 8;

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions = {},
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row)) || '-'));
  const widths = columns.map((column, at) =>
    Math.max(displayWidth(column.title), ...cells.map((line) => displayWidth(line[at]!))),
  );
  shrink(widths, options.width);
  const header = columns.map((column, at) => pad(column.title, widths[at]!, column.align));
  const body = cells.map((line, r) =>
    columns.map((column, at) => {
      const text = pad(line[at]!, widths[at]!, column.align);
      return column.paint === undefined ? text : column.paint(text, rows[r]!);
    }),
  );
  return [header, ...body].map((line) => line.join(GAP).trimEnd());
}

/** Name and value, one a line, values aligned. */
export function renderFields(fields: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(name)));
  return fields.map(([name, value]) => `${pad(name, width)}${GAP}${printable(value)}`);
}

/** Control characters and direction overrides made visible: a tag must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => {
    return `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`;
  });
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Fits `text` into exactly `width` columns. */
export function pad(text: string, width: number, align?: 'right'): string {
  const fitted = cut(text, width);
  const fill = ' '.repeat(width - displayWidth(fitted));
  return align === 'right' ? fill + fitted : fitted + fill;
}

const ZERO_WIDTH = /^\p{Mark}$/u;
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]$/u;

export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character <= '~') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Takes from the widest column until the line fits or nothing more can go. */
function shrink(widths: number[], terminal: number | undefined): void {
  if (terminal === undefined) return;
  let over = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - terminal;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= COLUMN_WIDTH_MIN) return;
    widths[widths.indexOf(widest)] = widest - 1;
    over--;
  }
}
