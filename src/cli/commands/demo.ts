/** `rollcall demo`: what Rollcall does, live: members, servers that come and go, a caller that never fails. */
import type { Command } from 'commander';
import { addExamples } from '../context.js';
import { BASE_PORT } from '../local/ports.js';
import { parseSpanOption } from '../parse.js';
import { parseBasePort } from './dev.js';

interface DemoFlags {
  readonly basePort: number;
  readonly data?: string;
  readonly for?: number;
}

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('watch a small world live: kill its leader, stop its servers')
    .option('--data <dir>', 'keep the data there (default: a temporary folder, removed on exit)')
    .option('--base-port <port>', 'first port; members add 10 each', parseBasePort, BASE_PORT)
    .option('--for <duration>', 'end by itself after this long', parseSpanOption)
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import('../demo/demo.js');
      await runDemo(flags);
    });
  addExamples(command, [
    ['rollcall demo', 'k kills the leader, s stops a server, q ends it'],
    ['rollcall demo --for 10s </dev/null', 'one line per event, then an end'],
  ]);
}
