/** `rollcall members`: the processes of the cluster, as one of them sees them. */
import type { Command } from 'commander';
import type { MemberSummary } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { paintRole, printList, printTable } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import { memberRow } from '../rows.js';
import type { Column } from '../table.js';

const COLUMNS: readonly Column<MemberSummary>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'ADDRESS', value: (row) => row.address },
  { title: 'ROLE', value: (row) => row.role, paint: (text, row) => paintRole(text, row.role) },
  { title: 'TERM', value: (row) => String(row.term), align: 'right' },
  { title: 'COMMIT', value: (row) => String(row.commitIndex), align: 'right' },
  { title: 'APPLIED', value: (row) => String(row.appliedIndex), align: 'right' },
  { title: 'PID', value: (row) => String(row.pid), align: 'right' },
];

const WIDE_COLUMNS: readonly Column<MemberSummary>[] = [
  ...COLUMNS,
  { title: 'ID', value: (row) => row.id },
  { title: 'PEER', value: (row) => row.peerAddress },
  { title: 'HTTP', value: (row) => row.httpAddress },
  { title: 'VERSION', value: (row) => row.version },
  { title: 'DISK', value: (row) => row.disk },
];

export function addMembers(program: Command): void {
  const command = program
    .command('members')
    .description('list the members of the cluster and their roles')
    .addOption(outputOption('wide'))
    .addOption(timeoutOption())
    .action((options: { output: Output }) => runMembers(command, options.output));
  addExamples(command, [
    ['rollcall members', 'who leads, and how far each has come'],
    ['rollcall members -o wide', 'with ids, versions and the other addresses'],
    ['rollcall members -o json | jq -r \'.[] | select(.role == "leader") | .pid\'', 'for scripts'],
  ]);
}

async function runMembers(command: Command, output: Output): Promise<void> {
  const members = await withClient(command, (client) => client.members());
  if (isDataFormat(output)) await printList(members.map(memberRow), output);
  else if (output === 'wide') printTable(WIDE_COLUMNS, members, true);
  else printTable(COLUMNS, members);
}
