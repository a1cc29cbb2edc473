/** `rollcall watch SERVICE`: who is here, then every join, change and leave as it happens, shown or acted on. */
import { constants } from 'node:os';
import { type Command, Option } from 'commander';
import type { Client, RollEvent } from '../../client/index.js';
import { addExamples, outputOption, withClient } from '../context.js';
import { Exit, UsageError } from '../errors.js';
import { paintEvent, printEvent, printLine } from '../output.js';
import {
  type DataFormat,
  isDataFormat,
  type Output,
  parseDurationOption,
  parseName,
  parseWebUrl,
} from '../parse.js';
import { RollDescriber } from '../roll.js';
import { watchLine } from '../rows.js';
import type { Hooks } from '../watch/hooks.js';
import { onSignals } from '../wrap.js';

const REASONS = `
Reasons of a leave:
  closed        its registration or session was closed, as by a regular end
  disconnected  its process died: the connection went and did not come back within the grace
  expired       nothing was heard of its session for the session timeout
  deregistered  a client or an operator removed it
  revoked       an operator ended its session
  restored      the cluster was restored to a state without it`;

const HOOKS = `
With --exec a command runs for the list as it is now, then whenever it changed: one run at a time, and
changes that come meanwhile make one further run for the latest state. Its environment has
ROLLCALL_EVENT (snapshot, join, change, leave, or changes for several at once), ROLLCALL_SERVICE,
ROLLCALL_ID, ROLLCALL_REASON, ROLLCALL_REVISION, ROLLCALL_INSTANCES (JSON) and ROLLCALL_URLS (of those
that are UP, separated by spaces); its standard input has all of it as JSON. Lists beyond 120 KiB are on
standard input alone. A run that fails is told and ends nothing. A connection that is lost never
empties the list: a run sees an empty list only when the cluster has confirmed it. SIGINT and SIGTERM
let a run that is under way end; a second one does not wait for it.

With --webhook every change is posted as JSON, in order, with its revision in Rollcall-Revision and a key of
its own in Idempotency-Key. Errors of connection and 5xx are tried again, for a minute at most; other
answers than 2xx are not; what is dropped is told. A receiver that falls far behind gets the whole list,
marked, in place of what it missed.`;

interface WatchFlags {
  readonly output: Output;
  readonly exec?: string | true;
  readonly each?: true;
  readonly debounce?: number;
  readonly webhook?: string;
}

interface Watch {
  readonly service: string;
  readonly commandLine: readonly string[];
  readonly flags: WatchFlags;
}

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('show a service and every join, change and leave as it happens, or act on them')
    .argument('<service>', 'name of the service', parseName)
    .argument('[command...]', 'after --: what --exec runs')
    .option('--exec [command]', 'run a shell command, or what stands after --, for every change')
    .addOption(
      new Option('--debounce <duration>', 'run once no change came for this long')
        .argParser(parseDurationOption)
        .conflicts('each'),
    )
    .option('--each', 'run for each single change, not for the latest state')
    .option('--webhook <url>', 'post every change to this URL', parseWebUrl)
    .addOption(outputOption())
    .action((service: string, commandLine: string[], flags: WatchFlags) =>
      runWatch(command, { service, commandLine, flags }),
    );
  addExamples(command, [
    ['rollcall watch web', 'a line for each event'],
    ['rollcall watch web -o json', 'one JSON object a line: type, time, revision, …'],
    ['rollcall watch web -o json | jq \'select(.type == "leave") | .reason\'', 'why they left'],
    ['rollcall watch web --exec -- ./reload.sh', 'render a configuration whenever it changed'],
    ["rollcall watch web --exec 'echo $ROLLCALL_URLS' --debounce 200ms", 'through the shell'],
    ['rollcall watch web --webhook http://127.0.0.1:9000/roll', 'tell another program'],
  ])
    .addHelpText('after', REASONS)
    .addHelpText('after', HOOKS);
}

async function runWatch(command: Command, watch: Watch): Promise<void> {
  const hooks = hooksOf(watch, command.getOptionValueSource('output') === 'cli');
  await withClient(command, async (client) => {
    // Later losses of connection are waited out; a cluster that was never there is told at once.
    await client.ready();
    if (hooks !== undefined) return act(client, watch.service, hooks);
    const { service, flags } = watch;
    const { output } = flags;
    const print = isDataFormat(output) ? dataPrinter(output) : textPrinter(service);
    for await (const event of client.roll(service)) await print(event);
  });
}

/** undefined: it only shows. */
function hooksOf({ commandLine, flags }: Watch, isShown: boolean): Hooks | undefined {
  const { exec, each = false, debounce, webhook } = flags;
  const words = commandLine.length > 0 ? commandLine : undefined;
  if (exec === undefined && (words !== undefined || each || debounce !== undefined)) {
    throw new UsageError('nothing is to be run', 'add --exec, as in: watch web --exec -- COMMAND');
  }
  if (exec === true ? words === undefined : exec !== undefined && words !== undefined) {
    throw new UsageError(
      '--exec takes one command',
      "write --exec -- COMMAND, or --exec 'COMMAND'",
    );
  }
  if (exec === undefined && webhook === undefined) return undefined;
  if (isShown) throw new UsageError('events are acted on, not printed', 'leave out -o');
  return { command: exec === true ? words : exec, each, debounceMs: debounce ?? 0, webhook };
}

/** Until a signal; a run that is under way then may end, and a second signal does not wait for it. */
async function act(client: Client, service: string, hooks: Hooks): Promise<void> {
  const { runHooks } = await import('../watch/hooks.js');
  const stop = new AbortController();
  let code = 0;
  const release = onSignals((signal) => {
    code = 128 + constants.signals[signal];
    if (stop.signal.aborted) process.exit(code);
    stop.abort();
  });
  await runHooks(client, { service, hooks }, stop.signal).finally(release);
  throw new Exit(code);
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
