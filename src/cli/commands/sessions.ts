/** `rollcall sessions`: who is connected, and what dies with each. */
import type { Command } from 'commander';
import type { Client, SessionSummary } from '../../client/index.js';
import { servicePath } from '../../codec/instance.js';
import { isRollcallError } from '../../types/errors.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { describeDuration } from '../duration.js';
import { hintService } from '../near/lookup.js';
import { sessionRow } from '../operator-rows.js';
import { paint, printLine, printList, printTable } from '../output.js';
import { isDataFormat, type Output, parseName } from '../parse.js';
import type { Column } from '../table.js';
import { describeAge } from '../values/clock.js';
import { describeSession } from '../values/targets.js';
import { childrenOf } from '../walk.js';

interface SessionsOptions {
  readonly output: Output;
  readonly service?: string;
  readonly label?: string;
  readonly detached?: true;
}

const DETACHED = 'detached';

function columns(now: number): readonly Column<SessionSummary>[] {
  return [
    { title: 'ID', value: (row) => describeSession(row.id) },
    {
      title: 'STATE',
      value: stateOf,
      paint: (text, row) => (row.detached ? paint('yellow', text) : text),
    },
    { title: 'MEMBER', value: (row) => row.member },
    { title: 'TIMEOUT', value: (row) => describeDuration(row.timeoutMs), align: 'right' },
    { title: 'GRACE', value: graceOf, align: 'right' },
    { title: 'NODES', value: (row) => String(row.nodes), align: 'right' },
    { title: 'AGE', value: (row) => describeAge(row.openedAt, now), align: 'right' },
    { title: 'LABEL', value: (row) => row.label },
  ];
}

const FURTHER_COLUMNS: readonly Column<SessionSummary>[] = [
  { title: 'EPOCH', value: (row) => String(row.epoch), align: 'right' },
  { title: 'SEQ', value: (row) => String(row.lastSeq), align: 'right' },
  { title: 'REVISION', value: (row) => String(row.lastRevision), align: 'right' },
];

export function addSessions(program: Command): void {
  const command = program
    .command('sessions')
    .description('list the sessions of clients, in the order in which they were opened')
    .option('--service <name>', 'only those that hold an instance of it', parseName)
    .option('--label <text>', 'only those whose label contains it')
    .option('--detached', 'only those whose connection was closed by their side')
    .addOption(outputOption('wide', 'name'))
    .addOption(timeoutOption())
    .action((options: SessionsOptions) => runSessions(command, options));
  addExamples(command, [
    ['rollcall sessions', 'who is connected, through which member, since when'],
    ['rollcall sessions --service web', 'who holds the instances of web'],
    ['rollcall sessions --label worker --detached', 'whose connection went and who may end soon'],
    ['rollcall sessions -o name', 'ids alone, for `rollcall session show`'],
  ]);
}

async function runSessions(command: Command, options: SessionsOptions): Promise<void> {
  const sessions = await withClient(command, (client) => readSessions(client, options));
  const { output } = options;
  if (isDataFormat(output)) await printList(sessions.map(sessionRow), output);
  else if (output === 'name') for (const { id } of sessions) printLine(describeSession(id));
  else if (output === 'wide') {
    printTable([...columns(Date.now()), ...FURTHER_COLUMNS], sessions, true);
  } else printTable(columns(Date.now()), sessions);
}

async function readSessions(client: Client, options: SessionsOptions): Promise<SessionSummary[]> {
  const { service, label, detached } = options;
  const owners = service === undefined ? undefined : await ownersOf(client, service);
  const found: SessionSummary[] = [];
  for await (const session of client.admin.sessions()) {
    const fits =
      (owners?.has(session.id) ?? true) &&
      session.label.includes(label ?? '') &&
      (detached !== true || session.detached);
    if (fits) found.push(session);
  }
  if (service !== undefined && owners?.size === 0) await hintService(client, service);
  return found;
}

/** Sessions that hold an instance of the service. */
async function ownersOf(client: Client, service: string): Promise<Set<number>> {
  const owners = new Set<number>();
  try {
    for await (const { stat } of childrenOf(client, servicePath(service))) {
      if (stat.owner !== 0) owners.add(stat.owner);
    }
  } catch (error) {
    if (!isRollcallError(error, 'NO_NODE')) throw error;
  }
  return owners;
}

export function stateOf({ detached }: SessionSummary): string {
  return detached ? DETACHED : 'attached';
}

export function graceOf({ graceMs }: SessionSummary): string {
  return graceMs === 0 ? 'none' : describeDuration(graceMs);
}
