/**
 * `rollcall deregister SERVICE/ID`: takes an instance off the roll; with `--for` its id is kept off too. The
 * process itself is not touched.
 */
import type { Command } from 'commander';
import { byline } from '../../client/admin/by.js';
import type { Client } from '../../client/index.js';
import { addExamples, timeoutOption, withClient } from '../context.js';
import { EXIT, Exit } from '../errors.js';
import { impactOf } from '../impact.js';
import {
  type Act,
  carryOut,
  checkKnown,
  checkReason,
  dryRunOption,
  endOf,
  isOnRoll,
  spanOption,
} from '../operate.js';
import { describeUntil } from '../values/clock.js';
import { describeInstanceName, type InstanceName, parseInstanceName } from '../values/targets.js';

interface DeregisterOptions {
  readonly reason?: string;
  readonly for?: number | 'forever';
  readonly dryRun?: true;
}

export function addDeregister(program: Command): void {
  const command = program
    .command('deregister')
    .description('take an instance off the roll')
    .argument('<service/id>', 'the instance', parseInstanceName)
    .option('--reason <text>', 'why, for the audit and for whoever asks')
    .addOption(
      spanOption('keep its id off for so long, or forever; default: it may register again at once'),
    )
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((name: InstanceName, options: DeregisterOptions) =>
      runDeregister(command, name, options),
    );
  addExamples(command, [
    ['rollcall deregister web/a --dry-run', 'who would remain, who looks on'],
    ['rollcall deregister web/a', 'once: whoever holds that id may register it again'],
    [
      'rollcall deregister web/a --for 1h --reason "bad build"',
      'or until `rollcall undrain web/a`',
    ],
  ]);
}

async function runDeregister(
  command: Command,
  name: InstanceName,
  options: DeregisterOptions,
): Promise<void> {
  if (options.for !== undefined) checkReason(options);
  await withClient(command, async (client) => {
    await checkKnown(client, [name]);
    const act =
      options.for === undefined ? await once(client, name, options) : keepOff(client, options);
    const impacts = await impactOf(client, [name]);
    await carryOut({ names: [name], impacts, dryRun: options.dryRun === true, ...act });
  });
}

type Deed = Pick<Act, 'done' | 'perform'>;

async function once(
  client: Client,
  name: InstanceName,
  { reason }: DeregisterOptions,
): Promise<Deed> {
  if (!(await isOnRoll(client, name))) {
    const who = describeInstanceName(name);
    const remedy = `see \`rollcall why ${who}\`; --for keeps it off though it is not here`;
    throw new Exit(EXIT.failure, `${who} is not on the roll`, remedy);
  }
  return {
    done: 'deregistered; it may register again',
    perform: async ({ service, id }) =>
      (await client.deregister(service, id, byline({ reason }))).revision,
  };
}

function keepOff(client: Client, options: DeregisterOptions): Deed {
  const now = Date.now();
  const until = endOf(options.for, now);
  const { reason } = options;
  return {
    done: `deregistered and kept off ${describeUntil(until, now)}`,
    perform: ({ service, id }) => client.admin.takeOff(service, id, { reason, until }),
  };
}
