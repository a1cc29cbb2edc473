/** `rollcall config check`: what `serve` would use and where each value comes from, or all that is wrong. */
import { SETTING_NAMES } from '../../server/config.js';
import { EXIT, Exit } from '../errors.js';
import { printList, printTable } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import type { Column } from '../table.js';
import { dataDirProblem } from './config/data-dir.js';
import { readSettings, type ServeFlags } from './config/sources.js';

interface SettingRow {
  readonly setting: string;
  readonly value: unknown;
  readonly source: string;
}

const COLUMNS: readonly Column<SettingRow>[] = [
  { title: 'SETTING', value: (row) => row.setting },
  { title: 'VALUE', value: (row) => textOf(row.value) },
  { title: 'SOURCE', value: (row) => row.source },
];

export async function checkConfig(flags: ServeFlags, output: Output): Promise<void> {
  const { parsed, sources } = readSettings(flags, process.env);
  const problem = parsed.ok ? dataDirProblem(parsed.options.dataDir) : undefined;
  const problems = parsed.ok ? [problem].filter((text) => text !== undefined) : parsed.problems;
  if (!parsed.ok || problems.length > 0) throw new Exit(EXIT.failure, problems.join('\n'));
  const rows = SETTING_NAMES.map((setting) => ({
    setting,
    value: shown(parsed.settings[setting]),
    source: sourceOf(setting, sources[setting]),
  }));
  if (isDataFormat(output)) await printList(rows, output);
  else printTable(COLUMNS, rows, true);
}

/** The founders as a file has them: names with their addresses. */
function shown(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return Object.fromEntries(value.map(({ name, peerAddress }) => [name, peerAddress]));
}

/** A label names the setting where a file is concerned; the table has said that already. */
function sourceOf(setting: string, label: string | undefined): string {
  if (label !== undefined) return label.replace(`: ${setting}`, '');
  return setting === 'peer-port' ? 'initial-members' : 'default';
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, address]) => `${name}=${address}`)
    .join(',');
}
