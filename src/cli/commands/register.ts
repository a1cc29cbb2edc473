/**
 * `rollcall register SERVICE`: puts a server on the roll for as long as this command, or the COMMAND it
 * wraps, lives.
 */
import type { Command } from 'commander';
import type { Client, Registration } from '../../client/index.js';
import { addExamples, withClient } from '../context.js';
import { EXIT, Exit, UsageError } from '../errors.js';
import { printLine } from '../output.js';
import { parseCount, parseDurationOption, parseName, parsePort, parseTag } from '../parse.js';
import { findFreePort } from '../ports.js';
import { describeEnd, follow, leave, onSignals, runWrapped } from '../wrap.js';

interface RegisterOptions {
  readonly port?: number | 'auto';
  readonly address?: string;
  readonly id?: string;
  readonly protocol?: string;
  readonly weight?: number;
  readonly zone?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly sessionTimeout?: number;
  readonly grace?: number;
  readonly takeover?: true;
}

const HELP = `
With COMMAND: PORT is set in its environment, and without --port a free one is picked. The instance is
STARTING until the port accepts connections. SIGINT, SIGTERM and SIGHUP make it DRAINING and are then
passed on. When COMMAND ends the instance leaves at once, and its exit code is ours. COMMAND is ended
if this command dies. Without COMMAND the instance stays until Ctrl-C.`;

export function addRegister(program: Command): void {
  const command = program
    .command('register')
    .description('put a server on the roll, for as long as it lives')
    .argument('<service>', 'name of the service', parseName)
    .argument('[command...]', 'after --: what to run while registered')
    .option('--port <port>', 'a number, auto, or $PORT', (text) => parsePort(text, process.env))
    .option('--address <host>', 'where callers reach it; default: as the cluster sees this machine')
    .option('--id <id>', 'default: <hostname>-<port>', parseName)
    .option('--protocol <name>', 'http, https, grpc, tcp, …; default: http')
    .option('--weight <n>', 'share of the load; default: 100', parseCount)
    .option('--zone <name>', 'where it runs')
    .option('--tag <key=value>', 'anything else about it, repeatable', parseTag)
    .option(
      '--session-timeout <duration>',
      'leaves when unheard of for this long; default: 10s',
      parseDurationOption,
    )
    .option(
      '--grace <duration>',
      'leaves this soon after its process died; default: 2s',
      parseDurationOption,
    )
    .option('--takeover', 'displace a live holder of the id')
    .action((service: string, commandLine: string[], options: RegisterOptions) =>
      runRegister(command, { service, commandLine, options }),
    );
  addExamples(command, [
    ['rollcall register web -- node server.js', 'on a free port, given as PORT'],
    ['rollcall register web --port 8080 -- ./server', 'on a port of your choice'],
    ['rollcall register web --id blue --zone a --tag v=2 -- ./server', 'with a name and tags'],
    ['rollcall register db --port 5432 --protocol postgres', 'what runs already, until Ctrl-C'],
  ]).addHelpText('after', HELP);
}

interface Request {
  readonly service: string;
  readonly commandLine: readonly string[];
  readonly options: RegisterOptions;
}

async function runRegister(command: Command, request: Request): Promise<void> {
  const port = await choosePort(request);
  await withClient(command, async (client) => {
    const registration = await register(client, request, port);
    if (request.commandLine.length === 0) return hold(registration);
    const code = await runWrapped(registration, request.commandLine);
    if (code !== 0) throw new Exit(code);
  });
}

async function choosePort({ commandLine, options, service }: Request): Promise<number> {
  const wrapped = commandLine.length > 0;
  if (typeof options.port === 'number') return options.port;
  if (wrapped) return findFreePort();
  const missing = options.port === 'auto' ? 'auto needs a COMMAND to give the port to' : 'no port';
  throw new UsageError(
    missing,
    `pass --port N, or a command: rollcall register ${service} -- COMMAND`,
  );
}

function register(client: Client, request: Request, port: number): Promise<Registration> {
  const { service, commandLine, options } = request;
  const { address, id, protocol, weight, zone, tag, takeover } = options;
  return client.register(
    service,
    { port, address, protocol, weight, zone, tags: tag },
    {
      id,
      takeover,
      state: commandLine.length > 0 ? 'STARTING' : 'UP',
      sessionTimeoutMs: options.sessionTimeout,
      graceMs: options.grace,
    },
  );
}

/** Until a signal, or until somebody else ended the registration. */
async function hold(registration: Registration): Promise<void> {
  const { service, id, instance, revision } = registration;
  printLine(`registered ${service}/${id} at ${instance.url}, rev ${revision}; Ctrl-C to leave`);
  const done = new AbortController();
  const stop = onSignals(() => done.abort());
  registration.signal.addEventListener('abort', () => done.abort(), { once: true });
  void follow(registration, done.signal);
  await until(done.signal);
  stop();
  if (registration.signal.aborted) {
    throw new Exit(EXIT.failure, `${service}/${id} ${describeEnd(registration)}`);
  }
  await leave(registration);
}

function until(signal: AbortSignal): Promise<void> {
  // A signal listener alone does not keep Node running.
  const alive = setInterval(() => {}, 60_000);
  return new Promise((resolve) => {
    const finish = () => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish, { once: true });
  });
}
