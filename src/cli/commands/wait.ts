/** `rollcall wait SERVICE`: ends well as soon as what was waited for is so, and with 124 when it takes too long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Discovery, InstanceSet } from '../../client/index.js';
import { addExamples, durationOption, withClient } from '../context.js';
import { describeDuration } from '../duration.js';
import { EXIT, Exit, START_ONE, UsageError } from '../errors.js';
import { hintService } from '../near/lookup.js';
import { note } from '../output.js';
import { parseAtLeastOne, parseName } from '../parse.js';
import { describeFound, type Goal, isReached } from '../waiting.js';

const TIMEOUT_MS_DEFAULT = 30_000;

interface WaitFlags {
  readonly min?: number;
  readonly for: 'up' | 'gone';
  readonly id?: string;
  readonly timeout: number;
}

export function addWait(program: Command): void {
  const command = program
    .command('wait')
    .description('wait until enough instances of a service are UP, or until they are gone')
    .argument('<service>', 'name of the service', parseName)
    .option('--min <n>', 'how many are to be UP; default: 1', parseAtLeastOne)
    .addOption(
      new Option('--for <what>', 'up, or gone: off the roll, whatever its state')
        .choices(['up', 'gone'])
        .default('up'),
    )
    .option('--id <id>', 'this one instance, not any', parseName)
    .addOption(
      durationOption('--timeout <duration>', 'give up after this long', TIMEOUT_MS_DEFAULT),
    )
    .action((service: string, flags: WaitFlags) => runWait(command, service, flags));
  addExamples(command, [
    ['rollcall wait web', 'until one instance is UP'],
    ['rollcall wait web --min 3 --timeout 2m', 'exit code 0 when there are three, 124 when not'],
    ['rollcall wait web --id blue', 'until that one is UP'],
    ['rollcall wait web --for gone', 'until nobody is left, as the cluster confirms'],
    ['rollcall wait web --id blue --for gone', 'until that one has left'],
    ['rollcall wait db && npm start', 'start only once the database is there'],
  ]);
}

async function runWait(command: Command, service: string, flags: WaitFlags): Promise<void> {
  const goal = goalOf(flags);
  await withClient(command, async (client) => {
    await using discovery = client.discover(service);
    const reached = untilReached(discovery, goal, flags.timeout);
    using _progress = discovery.subscribe(progress(service, goal));
    if (await reached) return;
    const failure = tookTooLong(discovery, goal, flags.timeout);
    if (discovery.state !== 'PENDING' && discovery.instances.length === 0) {
      await hintService(client, service);
    }
    throw failure;
  });
}

function goalOf({ min, for: what, id }: WaitFlags): Goal {
  if (min !== undefined && (what === 'gone' || id !== undefined)) {
    const other = what === 'gone' ? '--for gone' : '--id';
    throw new UsageError(`--min and ${other} do not go together`, 'leave one of them out');
  }
  return what === 'gone' ? { type: 'gone', id } : { type: 'up', id, min: min ?? 1 };
}

/** False: not in time. Rejects when the view itself fails. */
async function untilReached(discovery: Discovery, goal: Goal, timeoutMs: number): Promise<boolean> {
  const reached = new AbortController();
  const { signal } = reached;
  const patience = sleep(timeoutMs, false, { signal }).catch(() => false);
  return Promise.race([follow(discovery, goal), patience]).finally(() => reached.abort());
}

async function follow(discovery: Discovery, goal: Goal): Promise<boolean> {
  for await (const set of discovery) if (isReached(goal, set)) return true;
  return false;
}

/** A line whenever what there is to say changed. */
function progress(service: string, goal: Goal): (set: InstanceSet) => void {
  let shown = '';
  return (set) => {
    const line = `${service}: ${describeFound(goal, set)}`;
    if (line !== shown) note(line);
    shown = line;
  };
}

function tookTooLong(discovery: Discovery, goal: Goal, timeoutMs: number): Exit {
  const { service } = discovery;
  const waited = describeDuration(timeoutMs);
  if (discovery.state === 'PENDING') {
    return new Exit(EXIT.timeout, `no answer from the cluster in ${waited}`, START_ONE);
  }
  const message = `${service}: ${describeFound(goal, discovery)} after ${waited}`;
  return new Exit(EXIT.timeout, message, `see \`rollcall instances ${service}\`, or wait longer`);
}
