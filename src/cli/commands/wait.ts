/** `rollcall wait SERVICE`: ends well as soon as enough instances are UP, and with 124 when it takes too long. */
import type { Command } from 'commander';
import type { Discovery, InstanceSet } from '../../client/index.js';
import { isRollcallError } from '../../types/errors.js';
import { addExamples, withClient } from '../context.js';
import { describeDuration } from '../duration.js';
import { EXIT, Exit, START_ONE } from '../errors.js';
import { note } from '../output.js';
import { parseCount, parseDurationOption, parseName } from '../parse.js';

const TIMEOUT_MS_DEFAULT = 30_000;

interface WaitOptions {
  readonly min: number;
  readonly timeout: number;
}

export function addWait(program: Command): void {
  const command = program
    .command('wait')
    .description('wait until enough instances of a service are UP')
    .argument('<service>', 'name of the service', parseName)
    .option('--min <n>', 'how many', parseCount, 1)
    .option(
      '--timeout <duration>',
      'give up after this long',
      parseDurationOption,
      TIMEOUT_MS_DEFAULT,
    )
    .action((service: string, options: WaitOptions) => runWait(command, service, options));
  addExamples(command, [
    ['rollcall wait web', 'until one instance is UP'],
    ['rollcall wait web --min 3 --timeout 2m', 'exit code 0 when there are three, 124 when not'],
    ['rollcall wait db && npm start', 'start only once the database is there'],
  ]);
}

async function runWait(command: Command, service: string, options: WaitOptions): Promise<void> {
  await withClient(command, async (client) => {
    await using discovery = client.discover(service);
    using _progress = discovery.subscribe(progress(service, options.min));
    try {
      await discovery.ready({ min: options.min, timeoutMs: options.timeout });
    } catch (error) {
      throw isRollcallError(error, 'TIMEOUT') ? tookTooLong(discovery, options) : error;
    }
  });
}

/** A line whenever the count changed. */
function progress(service: string, min: number): (set: InstanceSet) => void {
  let shown = -1;
  return (set) => {
    const up = countUp(set);
    if (up === shown) return;
    shown = up;
    note(`${service}: ${up} of ${min} UP`);
  };
}

function countUp(set: Pick<InstanceSet, 'instances'>): number {
  return set.instances.filter((instance) => instance.state === 'UP').length;
}

function tookTooLong(discovery: Discovery, options: WaitOptions): Exit {
  const { service } = discovery;
  const waited = describeDuration(options.timeout);
  if (discovery.state === 'PENDING') {
    return new Exit(EXIT.timeout, `no answer from the cluster in ${waited}`, START_ONE);
  }
  const found = `${countUp(discovery)} of ${options.min} instances of ${service} UP`;
  const message = `${found} after ${waited}`;
  return new Exit(EXIT.timeout, message, `see \`rollcall instances ${service}\`, or wait longer`);
}
