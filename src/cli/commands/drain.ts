/** `rollcall drain` and `undrain`: an operator's word over instances, which survives their registrations. */
import type { Command } from 'commander';
import type { Client, OverrideView } from '../../client/index.js';
import { addExamples, timeoutOption, withClient } from '../context.js';
import { EXIT, Exit } from '../errors.js';
import { checkSomebodyRemains, impactOf } from '../impact.js';
import { describeNear, nearNames } from '../near/names.js';
import { carryOut, checkKnown, checkReason, dryRunOption, endOf, spanOption } from '../operate.js';
import { describeUntil } from '../values/clock.js';
import { describeInstanceName, type InstanceName, parseInstanceNames } from '../values/targets.js';

interface DrainOptions {
  readonly reason?: string;
  readonly for?: number | 'forever';
  readonly dryRun?: true;
  readonly force?: true;
}

export function addDrain(program: Command): void {
  const command = program
    .command('drain')
    .description(
      'have instances show DRAINING, whatever they say of themselves: callers go elsewhere',
    )
    .argument('<service/id...>', 'the instances', parseInstanceNames)
    .option('--reason <text>', 'why, for the audit and for whoever asks')
    .addOption(spanOption('lifts itself after this long; default: forever, until `undrain`'))
    .option('--force', 'even when nobody that is UP remains')
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((names: InstanceName[], options: DrainOptions) => runDrain(command, names, options));
  addExamples(command, [
    ['rollcall drain web/a --dry-run', 'who would remain, who looks on'],
    ['rollcall drain web/a --reason "new disk" --for 10m', 'lifts itself'],
    ['rollcall drain web/a web/b --reason "rack 4"', 'until `rollcall undrain web/a web/b`'],
  ]);
}

async function runDrain(
  command: Command,
  names: readonly InstanceName[],
  options: DrainOptions,
): Promise<void> {
  checkReason(options);
  await withClient(command, async (client) => {
    await checkKnown(client, names);
    const impacts = await impactOf(client, names);
    if (options.force !== true) checkSomebodyRemains(impacts, 'drain');
    const now = Date.now();
    const until = endOf(options.for, now);
    const { reason } = options;
    await carryOut({
      names,
      done: `drained ${describeUntil(until, now)}`,
      dryRun: options.dryRun === true,
      impacts,
      perform: ({ service, id }) => client.admin.drain(service, id, { reason, until }),
    });
  });
}

interface UndrainOptions {
  readonly reason?: string;
  readonly dryRun?: true;
}

export function addUndrain(program: Command): void {
  const command = program
    .command('undrain')
    .description('lift what `drain` or `deregister --for` said of instances')
    .argument('<service/id...>', 'the instances', parseInstanceNames)
    .option('--reason <text>', 'why, for the audit')
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((names: InstanceName[], options: UndrainOptions) =>
      runUndrain(command, names, options),
    );
  addExamples(command, [
    ['rollcall undrain web/a', 'it shows again what it says of itself'],
    ['rollcall undrain web/a web/b --reason "disk is in"', 'the reason stands in `rollcall audit`'],
  ]);
}

async function runUndrain(
  command: Command,
  names: readonly InstanceName[],
  { reason, dryRun }: UndrainOptions,
): Promise<void> {
  await withClient(command, async (client) => {
    const lifted = new Map<InstanceName, OverrideView>();
    for (const name of names) lifted.set(name, await standingOverride(client, name));
    for (const name of names) {
      await carryOut({
        names: [name],
        done: describeLift(lifted.get(name)!),
        dryRun: dryRun === true,
        impacts: [],
        perform: ({ service, id }) => client.admin.undrain(service, id, { reason }),
      });
    }
  });
}

async function standingOverride(client: Client, name: InstanceName): Promise<OverrideView> {
  const overrides = await client.admin.overrides();
  const found = overrides.find(({ service, id }) => service === name.service && id === name.id);
  if (found !== undefined) return found;
  const wanted = describeInstanceName(name);
  const near = describeNear(nearNames(wanted, overrides.map(describeInstanceName)));
  const message = `no operator's word stands on ${wanted}${near}`;
  const remedy = `list what stands with \`rollcall service show ${name.service}\``;
  throw new Exit(EXIT.failure, message, remedy);
}

/** What comes of it is up to the instance. */
function describeLift({ action, who, reason }: OverrideView): string {
  const by = `${who || 'somebody'}${reason === '' ? '' : `: "${reason}"`}`;
  return action === 'drain'
    ? `undrained; it was drained by ${by}`
    : `allowed to register again; it was kept off by ${by}`;
}
