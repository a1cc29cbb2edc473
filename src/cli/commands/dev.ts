/** `rollcall dev`: a cluster of real members on this machine, for programs under development. */
import { type Command, InvalidArgumentError } from 'commander';
import { addExamples } from '../context.js';
import { BASE_PORT } from '../local/ports.js';
import { aborted, dataNote, readyLine, stopSignal, withLocalCluster } from '../local/run.js';
import { plainLogLine } from '../member/plain-log.js';
import { note, printLine } from '../output.js';
import { parseSpanOption } from '../parse.js';

const MEMBERS_MAX = 7;
const BASE_PORT_MAX = 65_000;

interface DevFlags {
  readonly members: number;
  readonly basePort: number;
  readonly data?: string;
  readonly for?: number;
  readonly logLevel: string;
}

export function addDev(program: Command): void {
  const command = program
    .command('dev')
    .description('run a local cluster until Ctrl-C')
    .option('--members <n>', 'how many: 1, 3, 5 or 7', parseMembers, 3)
    .option('--data <dir>', 'keep the data there (default: a temporary folder, removed on exit)')
    .option('--base-port <port>', 'first port; members add 10 each', parseBasePort, BASE_PORT)
    .option('--for <duration>', 'end by itself after this long', parseSpanOption)
    .option('--log-level <level>', 'of the members', 'warn')
    .action(runDev);
  addExamples(command, [
    ['rollcall dev', 'three members; `connect()` in this folder finds them'],
    ['rollcall dev --members 1 --data ./roll', 'one member that remembers'],
  ]);
}

async function runDev(flags: DevFlags): Promise<void> {
  const stop = stopSignal(flags.for).signal;
  const options = {
    ...flags,
    data: flags.data,
    onEvent: (name: string, what: string) => note(`${name}  ${what}`),
    onLog: (line: string) => note(process.stderr.isTTY ? plainLogLine(line) : line),
  };
  printLine(`Rollcall dev: ${flags.members} members. ${dataNote(flags.data)}`);
  await withLocalCluster(options, stop, async (run) => {
    printLine(readyLine(run));
    await aborted(run.signal);
  });
}

function parseMembers(text: string): number {
  const members = Number(text);
  if (members % 2 === 1 && members <= MEMBERS_MAX) return members;
  throw new InvalidArgumentError('Expected 1, 3, 5 or 7: an even number adds no safety.');
}

export function parseBasePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= BASE_PORT_MAX) return port;
  throw new InvalidArgumentError(`Expected 1024 to ${BASE_PORT_MAX}.`);
}
