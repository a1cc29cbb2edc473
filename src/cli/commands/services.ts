/** `rollcall services`: every service, and how many instances it has. */
import type { Command } from 'commander';
import type { ServiceSummary } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { printLine, printList, printTable } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import type { Column } from '../table.js';

const COLUMNS: readonly Column<ServiceSummary>[] = [
  { title: 'SERVICE', value: (row) => row.service },
  { title: 'INSTANCES', value: (row) => String(row.instances), align: 'right' },
];

export function addServices(program: Command): void {
  const command = program
    .command('services')
    .description('list the services and how many instances each has')
    .addOption(outputOption('name'))
    .addOption(timeoutOption())
    .action((options: { output: Output }) => runServices(command, options.output));
  addExamples(command, [
    ['rollcall services', 'a table'],
    ['rollcall services -o name', 'names alone, for scripts'],
    ['rollcall services -o json', 'one JSON array'],
  ]);
}

async function runServices(command: Command, output: Output): Promise<void> {
  const services = await withClient(command, (client) => client.services());
  const rows = services.map(({ service, instances }) => ({ service, instances }));
  if (isDataFormat(output)) await printList(rows, output);
  else if (output === 'name') for (const row of rows) printLine(row.service);
  else printTable(COLUMNS, rows);
}
