/** `rollcall url SERVICE`: the URL of one instance that is UP, picked as the SDK picks. */
import type { Command } from 'commander';
import { addExamples, withDiscovery } from '../context.js';
import { printLine } from '../output.js';
import { parseName } from '../parse.js';

export function addUrl(program: Command): void {
  const command = program
    .command('url')
    .description('print the URL of one instance of a service')
    .argument('<service>', 'name of the service', parseName)
    .action((service: string) => runUrl(command, service));
  addExamples(command, [
    ['rollcall url web', 'http://127.0.0.1:41873'],
    ['curl "$(rollcall url web)/health"', 'ask whoever is UP'],
  ]);
}

async function runUrl(command: Command, service: string): Promise<void> {
  await withDiscovery(command, service, async (discovery) => printLine(discovery.pick().url));
}
