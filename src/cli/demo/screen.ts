/**
 * What the demonstration shows: at a terminal a picture that is drawn again in place, elsewhere one
 * plain line per event. Turns state into lines; knows nothing of clusters or servers.
 */
import type { InstanceState } from '../../types/instance.js';
import { paint, paintRole, paintState } from '../output.js';
import { type Column, renderTable } from '../table.js';

export interface MemberRow {
  readonly name: string;
  readonly role: string;
  readonly term: number;
  readonly applied: number;
  readonly pid: number | undefined;
}

export interface ServerRow {
  readonly name: string;
  /** undefined: not on the roll. */
  readonly state: InstanceState | undefined;
  readonly perSecond: number;
  readonly ok: number;
  readonly failed: number;
}

export interface Picture {
  readonly members: readonly MemberRow[];
  readonly servers: readonly ServerRow[];
}

type Pair = readonly [MemberRow | undefined, ServerRow | undefined];

const GONE = 'gone';
const text = (value: string | number | undefined) => (value === undefined ? ' ' : String(value));

const COLUMNS: readonly Column<Pair>[] = [
  { title: 'MEMBER', value: ([m]) => text(m?.name) },
  {
    title: 'ROLE    ',
    value: ([m]) => text(m?.role),
    paint: (shown, [m]) => paintRole(shown, m?.role ?? ''),
  },
  { title: 'TERM', value: ([m]) => text(m?.term), align: 'right' },
  { title: 'APPLIED', value: ([m]) => text(m?.applied), align: 'right' },
  { title: 'PID    ', value: ([m]) => text(m?.pid) },
  { title: 'INSTANCE ', value: ([, s]) => text(s?.name) },
  {
    title: 'STATE   ',
    value: ([, s]) => (s === undefined ? ' ' : (s.state ?? GONE)),
    paint: (shown, [, s]) => (s?.state ? paintState(shown, s.state) : paint('dim', shown)),
  },
  { title: 'REQ/S', value: ([, s]) => text(s?.perSecond), align: 'right' },
  { title: '    OK', value: ([, s]) => text(s?.ok), align: 'right' },
  { title: 'FAILED', value: ([, s]) => text(s?.failed), align: 'right' },
];

const KEYS = 'Keys: k kill the leader   s stop a server   q quit';
const HINTS = [
  'Another terminal, same folder:',
  '  npx rollcall status',
  '  npx rollcall watch hello',
  '  npx rollcall register hello --port 8000 -- python3 -m http.server 8000',
];
const EVENTS_MAX = 8;
/** Lines that are neither rows nor events. */
const FRAME_LINES = 12;

export function pictureLines(picture: Picture, width?: number): string[] {
  const rows = Math.max(picture.members.length, picture.servers.length);
  const pairs = Array.from({ length: rows }, (_, i): Pair => {
    return [picture.members[i], picture.servers[i]];
  });
  return renderTable(COLUMNS, pairs, { width });
}

export interface Screen {
  /** Said once, above everything. */
  say(line: string): void;
  event(line: string): void;
  draw(picture: Picture): void;
  /** The last words, below everything. */
  close(line?: string): void;
}

export function createScreen(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? new LiveScreen(out) : plainScreen(out);
}

function plainScreen(out: NodeJS.WriteStream): Screen {
  const line = (what: string) => void out.write(`${what}\n`);
  return { say: line, event: line, draw: () => {}, close: (last) => last && line(last) };
}

class LiveScreen implements Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #events: string[] = [];
  /** Lines of the picture on the screen, which the next one covers. */
  #drawn = 0;
  #picture: Picture | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    out.write('\x1b[?25l');
  }

  say(line: string): void {
    this.#clear();
    this.#out.write(`${line}\n`);
    if (this.#picture) this.draw(this.#picture);
  }

  event(line: string): void {
    this.#events.push(line);
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    if (this.#picture) this.draw(this.#picture);
  }

  draw(picture: Picture): void {
    this.#picture = picture;
    const [header, ...rows] = pictureLines(picture, this.#out.columns);
    const room = this.#out.rows - FRAME_LINES - rows.length;
    const events = room > 0 ? this.#events.slice(-room) : [];
    const keys = paint('bold', KEYS, this.#out);
    const lines = [
      '',
      paint('dim', header!, this.#out),
      ...rows,
      '',
      ...events,
      '',
      keys,
      ...HINTS,
    ];
    this.#clear();
    this.#out.write(lines.map((line) => `${line}\n`).join(''));
    this.#drawn = lines.length;
  }

  /** Leaves the last picture where it is. */
  close(line?: string): void {
    this.#picture = undefined;
    this.#drawn = 0;
    this.#out.write(`${line === undefined ? '' : `\n${line}\n`}\x1b[?25h`);
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }
}
