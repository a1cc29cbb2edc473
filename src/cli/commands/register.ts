/**
 * `rollcall register SERVICE`: puts a server on the roll for as long as this command, or the COMMAND it
 * wraps, lives; or for good.
 */
import { type Command, Option } from 'commander';
import type { Client } from '../../client/index.js';
import { addExamples, durationOption, withClient } from '../context.js';
import { Exit } from '../errors.js';
import { printLine } from '../output.js';
import {
  parseAtLeastOne,
  parseCheck,
  parseCount,
  parseDurationOption,
  parseHost,
  parseName,
  parseNamedPort,
  parsePort,
  parseState,
  parseTag,
} from '../parse.js';
import { describeRegistered, hold } from '../register/hold.js';
import {
  checkTogether,
  choosePort,
  type RegisterFlags,
  type Request,
  wantedBy,
} from '../register/request.js';
import { type Announce, runWrapped, say } from '../wrap.js';

const HELP = `
With COMMAND: PORT is set in its environment, and without --port a free one is picked. The instance is
STARTING until the port accepts connections. SIGINT, SIGTERM and SIGHUP make it DRAINING and are then
passed on. When COMMAND ends the instance leaves at once, and its exit code is ours. COMMAND is ended
if this command dies. Without COMMAND the instance stays until Ctrl-C.

With --check the state follows it: STARTING until the first success, UP after --check-rise successes in
a row, DOWN after --check-fall failures in a row. A status of 2xx is a success; redirects are not
followed, certificates are not verified. tcp:// succeeds when it connects, grpc:// asks
grpc.health.v1. Without a host (/health, :8081/health) it asks the instance at its own address. One probe
at a time; while STARTING, at least every 500ms.

With --static the instance belongs to no session: the command returns at once, and the instance stays
until \`rollcall deregister\`. With --check too, the command stays and keeps the state.`;

export function addRegister(program: Command): void {
  const command = program
    .command('register')
    .description('put a server on the roll, for as long as it lives')
    .argument('<service>', 'name of the service', parseName)
    .argument('[command...]', 'after --: what to run while registered')
    .action((service: string, commandLine: string[], flags: RegisterFlags) =>
      runRegister(command, { service, commandLine, flags }),
    );
  addInstanceOptions(command);
  addCheckOptions(command);
  addClaimOptions(command);
  addExamples(command, [
    ['rollcall register web -- node server.js', 'on a free port, given as PORT'],
    ['rollcall register web --port 8080 -- ./server', 'on a port of your choice'],
    ['rollcall register web --check /health -- node server.js', 'UP and DOWN as it says itself'],
    ['rollcall register web --id blue --zone a --tag v=2 -- ./server', 'with a name and tags'],
    ['rollcall register db --port 5432 --protocol postgres', 'what runs already, until Ctrl-C'],
    [
      'rollcall register db --port 5432 --address 10.0.0.9 --static --check tcp://10.0.0.9:5432',
      'what runs elsewhere, as long as this watches it',
    ],
    ['rollcall register web --id blue --port 8080 --dry-run', 'who holds that id?'],
  ]).addHelpText('after', HELP);
}

function addInstanceOptions(command: Command): void {
  command
    .option('--port <port>', 'a number, auto, or $PORT', (text) => parsePort(text, process.env))
    .option(
      '--address <host>',
      'where callers reach it; default: as the cluster sees this machine',
      parseHost,
    )
    .option('--id <id>', 'default: <hostname>-<port>', parseName)
    .option('--protocol <name>', 'http, https, grpc, tcp, …; default: http')
    .option('--weight <n>', 'share of the load; default: 100', parseCount)
    .option('--zone <name>', 'where it runs')
    .option('--tag <key=value>', 'anything else about it, repeatable', parseTag)
    .option(
      '--named-port <name=port>',
      'a further port, as metrics=9100, repeatable',
      parseNamedPort,
    )
    .option('--state <state>', 'STARTING, UP, DRAINING or DOWN; default: UP', parseState);
}

function addCheckOptions(command: Command): void {
  const about = 'the state follows: http(s)://…, tcp://…, grpc://…, :8081/health, /health';
  command
    .option('--check <url>', about, parseCheck)
    .addOption(durationOption('--check-interval <duration>', 'between probes', 5_000))
    .addOption(durationOption('--check-timeout <duration>', 'of a probe', 2_000))
    .option('--check-rise <n>', 'successes in a row that make it UP', parseAtLeastOne, 2)
    .option('--check-fall <n>', 'failures in a row that make it DOWN', parseAtLeastOne, 3);
}

function addClaimOptions(command: Command): void {
  const timeout = 'leaves when unheard of for this long; default: 10s';
  const grace = 'leaves this soon after its process died; default: 2s';
  command
    .addOption(
      new Option('--static', 'without a session: stays until deregistered').conflicts([
        'sessionTimeout',
        'grace',
      ]),
    )
    .option('--session-timeout <duration>', timeout, parseDurationOption)
    .option('--grace <duration>', grace, parseDurationOption)
    .option('--takeover', 'displace a live holder of the id')
    .option('--dry-run', 'say what would be registered and who holds the id, and do nothing');
}

async function runRegister(command: Command, request: Request): Promise<void> {
  checkTogether(request);
  const wanted = wantedBy(request, await choosePort(request));
  await withClient(command, async (client) => {
    if (request.flags.dryRun !== true) return register(client, request, wanted);
    const { dryRun } = await import('../register/dry-run.js');
    await dryRun(client, wanted);
  });
}

async function register(
  client: Client,
  { commandLine, flags }: Request,
  { service, target, options }: ReturnType<typeof wantedBy>,
): Promise<void> {
  const registration = await client.register(service, target, options);
  const announce = await announceOf(flags);
  if (commandLine.length > 0) {
    const code = await runWrapped(registration, commandLine, announce);
    if (code !== 0) throw new Exit(code);
    return;
  }
  const isStatic = flags.static === true;
  const stays = isStatic && announce === undefined;
  if (!stays) return hold(registration, { isStatic, announce });
  const remedy = `\`rollcall deregister ${service}/${registration.id}\``;
  printLine(`${describeRegistered(registration)}; stays until ${remedy}`);
}

async function announceOf(flags: RegisterFlags): Promise<Announce | undefined> {
  const { check, checkInterval, checkTimeout, checkRise, checkFall } = flags;
  if (check === undefined) return undefined;
  const { followCheck } = await import('../check/follow.js');
  return (registration, signal) => {
    const terms = {
      target: check(registration.instance),
      intervalMs: checkInterval,
      timeoutMs: checkTimeout,
      rise: checkRise,
      fall: checkFall,
      say: (text: string) => say(registration, text),
    };
    return followCheck(registration, terms, signal);
  };
}
