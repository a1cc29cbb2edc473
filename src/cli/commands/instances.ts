/** `rollcall instances SERVICE`: who is here, in the order of joining. */
import type { Command } from 'commander';
import type { Instance } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { hintService } from '../near/lookup.js';
import { paintState, printLine, printList, printTable } from '../output.js';
import { isDataFormat, type Output, parseName } from '../parse.js';
import { describeTags, place } from '../roll.js';
import { instanceRow } from '../rows.js';
import type { Column } from '../table.js';

const COLUMNS: readonly Column<Instance>[] = [
  { title: 'ID', value: (row) => row.id },
  { title: 'ADDRESS', value: place },
  { title: 'PROTOCOL', value: (row) => row.protocol },
  { title: 'WEIGHT', value: (row) => String(row.weight), align: 'right' },
  { title: 'ZONE', value: (row) => row.zone },
  {
    title: 'STATE',
    value: (row) => row.state,
    paint: (text, row) => paintState(text, row.state),
  },
];

const WIDE_COLUMNS: readonly Column<Instance>[] = [
  ...COLUMNS,
  { title: 'SEQ', value: (row) => String(row.sequence), align: 'right' },
  { title: 'REVISION', value: (row) => String(row.revision), align: 'right' },
  { title: 'TAGS', value: (row) => describeTags(row.tags) },
  { title: 'PORTS', value: (row) => describeTags(row.ports) },
  { title: 'URL', value: (row) => row.url },
];

export function addInstances(program: Command): void {
  const command = program
    .command('instances')
    .description('list the instances of a service, in the order in which they joined')
    .argument('<service>', 'name of the service', parseName)
    .addOption(outputOption('wide', 'name'))
    .addOption(timeoutOption())
    .action((service: string, options: { output: Output }) =>
      runInstances(command, service, options.output),
    );
  addExamples(command, [
    ['rollcall instances web', 'a table'],
    ['rollcall instances web -o wide', 'with tags, named ports, order, revision and URL'],
    ['rollcall instances web -o name', 'ids alone, for scripts'],
    ['rollcall instances web -o json', 'one JSON array'],
  ]);
}

async function runInstances(command: Command, service: string, output: Output): Promise<void> {
  const instances = await withClient(command, async (client) => {
    const found = await client.instances(service);
    if (found.instances.length === 0) await hintService(client, service);
    return found.instances;
  });
  if (isDataFormat(output)) await printList(instances.map(instanceRow), output);
  else if (output === 'name') for (const { id } of instances) printLine(id);
  else if (output === 'wide') printTable(WIDE_COLUMNS, instances, true);
  else printTable(COLUMNS, instances);
}
