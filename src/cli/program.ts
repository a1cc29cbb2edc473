/** All commands, assembled. Building it loads no server, no SDK and no gRPC: help is instant. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { addCall } from './commands/call.js';
import { addDemo } from './commands/demo.js';
import { addDev } from './commands/dev.js';
import { addInstances } from './commands/instances.js';
import { addMembers } from './commands/members.js';
import { addRegister } from './commands/register.js';
import { addServe } from './commands/serve.js';
import { addServices } from './commands/services.js';
import { addStatus } from './commands/status.js';
import { addUrl } from './commands/url.js';
import { addWait } from './commands/wait.js';
import { addWatch } from './commands/watch.js';
import { addExamples } from './context.js';
import { parseEndpoints } from './parse.js';

const GROUPS: readonly (readonly [string, readonly ((program: Command) => void)[]])[] = [
  ['Run:', [addServe, addDev, addDemo]],
  ['Look:', [addStatus, addMembers, addServices, addInstances, addWatch]],
  ['Take part:', [addRegister, addWait, addUrl, addCall]],
];

export function createProgram(): Command {
  const program = new Command('rollcall')
    .description('Who is here, now, and in what order: service discovery that tells you the moment')
    .version(version())
    .addOption(endpointsOption())
    .configureHelp({ showGlobalOptions: true, sortOptions: false })
    .showHelpAfterError('  remedy: add --help to see what fits')
    .exitOverride();
  for (const [title, adds] of GROUPS) {
    program.commandsGroup(title);
    for (const add of adds) add(program);
  }
  addExamples(program, [
    ['rollcall dev', 'a cluster on this machine, to try things out'],
    ['rollcall register web -- node server.js', 'a server that is on the roll while it runs'],
    ['rollcall watch web', 'see who joins, changes and leaves'],
    ['rollcall instances web', 'who is here'],
  ]);
  return program;
}

/** An empty variable is as good as none: container files often pass it on so. */
function endpointsOption(): Option {
  return new Option('--endpoints <host:port,…>', 'members to ask (default: a local cluster)')
    .env('ROLLCALL_ENDPOINTS')
    .argParser((text: string) => (text === '' ? undefined : parseEndpoints(text)));
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
