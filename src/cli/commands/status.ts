/**
 * `rollcall status`: is the cluster able to decide? Every member that can be reached is asked for its
 * own view, because one that is cut off knows nothing of the quorum on the other side.
 */
import type { Command } from 'commander';
import type { Client, MemberStatusView, MemberSummary } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { describeDuration } from '../duration.js';
import { EXIT, Exit } from '../errors.js';
import { note, paint, paintRole, printLine, printObject, printTable } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import { memberRow } from '../rows.js';
import { type Column, renderFields } from '../table.js';
import { describeSize } from '../values/sizes.js';

/** One that does not answer within this does not count as reachable. */
const MEMBER_TIMEOUT_MS = 1_500;

interface MemberView {
  readonly member: MemberSummary;
  /** undefined: it did not answer. */
  readonly view: MemberStatusView | undefined;
}

const NO_ANSWER = 'no answer';

const COLUMNS: readonly Column<MemberView>[] = [
  { title: 'NAME', value: ({ member }) => member.name },
  { title: 'ADDRESS', value: ({ member }) => member.address },
  { title: 'ROLE', value: roleOf, paint: (text, row) => paintRole(text, roleOf(row)) },
  { title: 'FOLLOWS', value: ({ view }) => (view === undefined ? '' : (view.leader ?? '')) },
  {
    title: 'TERM',
    value: ({ view }) => (view === undefined ? '' : `${view.term}`),
    align: 'right',
  },
  {
    title: 'APPLIED',
    value: ({ view }) => (view === undefined ? '' : `${view.appliedIndex}`),
    align: 'right',
  },
  {
    title: 'UPTIME',
    value: ({ view }) => (view === undefined ? '' : describeDuration(view.uptimeMs)),
    align: 'right',
  },
  {
    title: 'CLIENTS',
    value: ({ view }) => (view === undefined ? '' : `${view.connections}`),
    align: 'right',
  },
  {
    title: 'DISK',
    value: ({ view }) => (view === undefined ? '' : describeDisk(view)),
    paint: (text, { view }) => (isSound(view) ? text : paint('red', text)),
  },
];

const SOUND = 'ok';

/** One that does not answer has its own red word already. */
function isSound(view: MemberStatusView | undefined): boolean {
  return view === undefined || view.disk === SOUND || view.disk === '';
}

export function describeDisk({
  disk,
  diskFreeBytes,
}: Pick<MemberStatusView, 'disk' | 'diskFreeBytes'>): string {
  const free = diskFreeBytes === 0 ? '' : `${describeSize(diskFreeBytes)} free`;
  return [disk, free].filter((part) => part !== '').join(', ');
}

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('say whether the cluster has a quorum; exit code 3 when it has none')
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((options: { output: Output }) => runStatus(command, options.output));
  addExamples(command, [
    ['rollcall status', 'leader, quorum, members, what the cluster holds'],
    ['rollcall status >/dev/null || alert', 'exit code 3: no quorum, or no member answers'],
    ['rollcall status -o json', 'one JSON object'],
  ]);
}

async function runStatus(command: Command, output: Output): Promise<void> {
  await withClient(command, async (client) => {
    const first = await client.status();
    const views = await askMembers(client, await client.members());
    const status = views.find(({ view }) => view?.hasQuorum === true)?.view ?? first;
    if (isDataFormat(output)) await printObject(statusJson(status, views), output);
    else printStatus(status, views);
    for (const { view } of views) if (!isSound(view)) note(stalledNote(view!));
    if (!status.hasQuorum) throw noQuorum(views);
    if (views.some(({ view }) => view?.corrupt === true)) throw corrupt();
  });
}

function askMembers(client: Client, members: readonly MemberSummary[]): Promise<MemberView[]> {
  return Promise.all(
    members.map(async (member) => {
      const asked = client.status({ endpoint: member.address, timeoutMs: MEMBER_TIMEOUT_MS });
      return { member, view: await asked.catch(() => undefined) };
    }),
  );
}

function roleOf({ member, view }: MemberView): string {
  return view === undefined ? NO_ANSWER : member.role;
}

function statusJson(status: MemberStatusView, views: readonly MemberView[]): object {
  const { endpoint, leader, ...rest } = status;
  const members = views.map(({ member, view }) => ({
    ...memberRow(member),
    reachable: view !== undefined,
  }));
  return { ...rest, leader: leader ?? null, endpoint, members };
}

function printStatus(status: MemberStatusView, views: readonly MemberView[]): void {
  const answering = views.filter(({ view }) => view !== undefined).length;
  const quorum = status.hasQuorum ? paint('green', 'yes') : paint('red', 'NO');
  const fields = renderFields([
    ['cluster', status.clusterId],
    ['leader', status.leader ?? 'none'],
    ['term', String(status.term)],
    ['revision', String(status.appliedIndex)],
    ['services', String(status.services)],
    ['nodes', String(status.nodes)],
    ['sessions', String(status.sessions)],
    ['watches', `${status.watches}, at ${status.name}`],
    ['history', `from revision ${status.historyFloor}, at ${status.name}`],
    ['checkpoint', `of revision ${status.checkpointIndex}, at ${status.name}`],
  ]);
  printLine(`quorum    ${quorum}, ${answering} of ${views.length} members answer`);
  for (const line of fields) printLine(line);
  printLine('');
  printTable(COLUMNS, views);
}

function noQuorum(views: readonly MemberView[]): Exit {
  const silent = views.filter(({ view }) => view === undefined).map(({ member }) => member.name);
  const remedy =
    silent.length === 0
      ? 'the members answer but do not reach each other: see their logs'
      : `start these members again: ${silent.join(', ')}`;
  return new Exit(EXIT.noQuorum, 'the cluster has no quorum: nothing can be decided', remedy);
}

function stalledNote({ name, disk }: MemberStatusView): string {
  return `${name}: its disk is ${disk}: it leads no longer, and follows late; look at that machine`;
}

function corrupt(): Exit {
  const message =
    'the members disagree about the state and no majority holds one: nothing is served';
  const remedy = 'see the logs of all members for CORRUPT, and restore from a backup';
  return new Exit(EXIT.failure, message, remedy);
}
