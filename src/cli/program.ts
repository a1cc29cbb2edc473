/** All commands, assembled. Building it loads no server, no SDK and no gRPC: help is instant. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { addAudit } from './commands/audit.js';
import { addCall } from './commands/call.js';
import { addCompletion } from './commands/completion.js';
import { addConfig } from './commands/config.js';
import { addDemo } from './commands/demo.js';
import { addDeregister } from './commands/deregister.js';
import { addDev } from './commands/dev.js';
import { addDrain, addUndrain } from './commands/drain.js';
import { addInstances } from './commands/instances.js';
import { addMembers } from './commands/members.js';
import { addRegister } from './commands/register.js';
import { addServe } from './commands/serve.js';
import { addService } from './commands/service.js';
import { addServices } from './commands/services.js';
import { addSession } from './commands/session.js';
import { addSessions } from './commands/sessions.js';
import { addStatus } from './commands/status.js';
import { addTree } from './commands/tree/tree.js';
import { addUrl } from './commands/url.js';
import { addWait } from './commands/wait.js';
import { addWatch } from './commands/watch.js';
import { addWhy } from './commands/why.js';
import { addExamples } from './context.js';
import { parseEndpoints } from './parse.js';
import { printableLines } from './table.js';

const GROUPS: readonly (readonly [string, readonly ((program: Command) => void)[]])[] = [
  ['Run:', [addServe, addConfig, addDev, addDemo]],
  ['Look:', [addStatus, addMembers, addServices, addInstances, addWatch, addWhy]],
  ['Take part:', [addRegister, addWait, addUrl, addCall]],
  ['Operate:', [addDrain, addUndrain, addDeregister, addService]],
  ['Beneath:', [addSessions, addSession, addAudit, addTree]],
  ['Your shell:', [addCompletion]],
];

/** `line`: what was typed, without the program's own name. */
export function createProgram(line: readonly string[] = process.argv.slice(2)): Command {
  const program = new Command('rollcall')
    .description('Who is here, now, and in what order: service discovery that tells you the moment')
    .addOption(endpointsOption())
    .configureHelp({ showGlobalOptions: true, sortOptions: false })
    .showHelpAfterError('  remedy: add --help to see what fits')
    .configureOutput({ outputError: (text, write) => write(printableLines(text)) })
    .exitOverride();
  for (const [title, adds] of GROUPS) {
    program.commandsGroup(title);
    for (const add of adds) add(program);
  }
  if (!isVersionOfCommand(program, line)) program.version(version());
  addExamples(program, [
    ['rollcall dev', 'a cluster on this machine, to try things out'],
    ['rollcall register web -- node server.js', 'a server that is on the roll while it runs'],
    ['rollcall watch web', 'see who joins, changes and leaves'],
    ['rollcall instances web', 'who is here'],
  ]);
  return program;
}

/** Commands that compare and set have a --version of their own: ours stands before any command. */
function isVersionOfCommand(program: Command, line: readonly string[]): boolean {
  const names = new Set(program.commands.map((command) => command.name()));
  const command = line.findIndex((word) => names.has(word));
  return command >= 0 && line.lastIndexOf('--version') > command;
}

function endpointsOption(): Option {
  return new Option('--endpoints <host:port,…>', 'members to ask (default: a local cluster)')
    .env('ROLLCALL_ENDPOINTS')
    .argParser((text: string) => (text === '' ? undefined : parseEndpoints(text)));
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
