/** `rollcall watch SERVICE`: who is here, then every join, change and leave as it happens. */
import type { Command } from 'commander';
import type { RollEvent } from '../../client/index.js';
import { addExamples, outputOption, withClient } from '../context.js';
import { paintEvent, printLine, printObject } from '../output.js';
import { type DataFormat, isDataFormat, type Output, parseName } from '../parse.js';
import { RollDescriber } from '../roll.js';
import { watchLine } from '../rows.js';

const REASONS = `
Reasons of a leave:
  closed        its registration or session was closed, as by a regular end
  disconnected  its process died: the connection went and did not come back within the grace
  expired       nothing was heard of its session for the session timeout
  deregistered  a client or an operator removed it
  revoked       an operator ended its session
  restored      the cluster was restored to a state without it`;

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('show a service and every join, change and leave as it happens')
    .argument('<service>', 'name of the service', parseName)
    .addOption(outputOption())
    .action((service: string, options: { output: Output }) =>
      runWatch(command, service, options.output),
    );
  addExamples(command, [
    ['rollcall watch web', 'a line for each event'],
    ['rollcall watch web -o json', 'one JSON object a line: type, time, revision, …'],
    ['rollcall watch web -o json | jq \'select(.type == "leave") | .reason\'', 'why they left'],
  ]).addHelpText('after', REASONS);
}

async function runWatch(command: Command, service: string, output: Output): Promise<void> {
  await withClient(command, async (client) => {
    // Later losses of connection are waited out; a cluster that was never there is told at once.
    await client.ready();
    const print = isDataFormat(output) ? dataPrinter(output) : textPrinter(service);
    for await (const event of client.roll(service)) await print(event);
  });
}

function dataPrinter(format: DataFormat): (event: RollEvent) => Promise<void> {
  return async (event) => {
    const line = watchLine(event);
    if (line !== undefined) await printEvent(line, format);
  };
}

function textPrinter(service: string): (event: RollEvent) => void | Promise<void> {
  const roll = new RollDescriber(service);
  return (event) => {
    const time = new Date(event.time).toTimeString().slice(0, 8);
    for (const line of roll.describe(event, time)) printLine(paintEvent(line, event.type));
  };
}
