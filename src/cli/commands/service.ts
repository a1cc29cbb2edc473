/** `rollcall service show|set S`: what a service says to all of its callers, and how it stands. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Client, ServiceDetails, ServiceSettingsView } from '../../client/index.js';
import { isRollcallError } from '../../types/errors.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { UsageError } from '../errors.js';
import { hintService } from '../near/lookup.js';
import { dryRunOption } from '../operate.js';
import { printLine } from '../output.js';
import { type Output, parseName, parseTag } from '../parse.js';
import { changedSettings, describeDifference, type SettingsFlags } from '../service-settings.js';
import { showService } from '../service-view.js';
import { printable } from '../table.js';
import { count } from '../values/sizes.js';
import { parseVersion } from '../values/targets.js';

const PERCENT_MAX = 100;
/** Others may set at the same time; past this many somebody does nothing else. */
const ATTEMPTS_MAX = 10;

export function addService(program: Command): void {
  const group = program.command('service').description('show or set what a service tells callers');
  addShow(group);
  addSet(group);
  addExamples(group, [
    ['rollcall service show web', 'settings, instances, who watches, who left lately'],
    ['rollcall service set web --minimum-healthy 50%', 'told to every caller at once'],
  ]);
}

function addShow(group: Command): void {
  const command = group
    .command('show')
    .description('show the settings of a service, and how it stands')
    .argument('<service>', 'name of the service', parseName)
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((service: string, options: { output: Output }) =>
      withClient(command, (client) => showService(client, service, options.output)),
    );
  addExamples(command, [
    ['rollcall service show web', 'settings, instances, overrides, who left lately'],
    ["rollcall service show web -o json | jq '.settings.version'", 'for scripts'],
  ]);
}

interface SetOptions extends SettingsFlags {
  readonly reason?: string;
  readonly version?: number;
  readonly dryRun?: true;
}

function addSet(group: Command): void {
  const command = group
    .command('set')
    .description('change settings of a service; what is not named stays')
    .argument('<service>', 'name of the service', parseName)
    .option('--policy <name>', 'how callers balance unless their code says; "" leaves it to them')
    .option(
      '--minimum-healthy <percent>',
      'with fewer of its instances UP than this, callers use all; 0 for none',
      parsePercent,
    )
    .option('--field <key=value>', 'anything else callers should know, repeatable', parseTag)
    .option('--unset <key>', 'remove a field, repeatable', collect)
    .option('--reason <text>', 'why, for the audit')
    .option('--version <n>', 'only when the settings have this version', parseVersion)
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((service: string, options: SetOptions) => runSet(command, service, options));
  addExamples(command, [
    ['rollcall service set web --minimum-healthy 50%', 'the rest stays as it is'],
    ['rollcall service set web --field owner=payments --unset oncall --dry-run', 'the difference'],
    ['rollcall service set web --policy p2c --version 3', 'only when nobody changed it since'],
  ]);
}

async function runSet(command: Command, service: string, options: SetOptions): Promise<void> {
  const { policy, minimumHealthy, field, unset } = options;
  if ([policy, minimumHealthy, field, unset].every((flag) => flag === undefined)) {
    throw new UsageError(
      'nothing to set',
      'name a setting: --policy, --minimum-healthy, --field or --unset',
    );
  }
  await withClient(command, async (client) => {
    const before = await client.admin.service(service);
    if (!before.exists) await hintService(client, service);
    if (options.dryRun) printDifference(before, changedSettings(before.settings, options), true);
    else await setSettings(client, before, options);
  });
}

/** Read, change, write if nobody else did meanwhile; otherwise all over again. */
async function setSettings(
  client: Client,
  first: ServiceDetails,
  options: SetOptions,
): Promise<void> {
  let before = first;
  for (let attempt = 1; ; attempt++) {
    const { service, settings } = before;
    const wanted = changedSettings(settings, options);
    const version = options.version ?? settings.version;
    const isSame = describeDifference(settings, wanted).length === 0;
    if (isSame && version === settings.version) return printDifference(before, settings, false);
    try {
      const { reason } = options;
      const after = await client.admin.setService(service, wanted, { version, reason });
      return printDifference(before, after, false);
    } catch (error) {
      const isTheirs = options.version !== undefined || attempt === ATTEMPTS_MAX;
      if (!isRollcallError(error, 'BAD_VERSION') || isTheirs) throw error;
      before = await client.admin.service(service);
    }
  }
}

type Wanted = ReturnType<typeof changedSettings> & Partial<ServiceSettingsView>;

function printDifference(before: ServiceDetails, after: Wanted, isDryRun: boolean): void {
  const { service, settings, subscribers } = before;
  const lines = describeDifference(settings, after);
  for (const line of lines) printLine(printable(line));
  const verb = isDryRun ? 'would be' : subscribers === 1 ? 'is' : 'are';
  const told = `${count(subscribers, 'subscriber')} ${verb} told`;
  const changes = lines.length === 0 ? 'nothing differs' : told;
  const at =
    isDryRun || lines.length === 0 ? `version ${settings.version} stands` : versionOf(after);
  printLine(`${service}: ${changes}; ${at}`);
}

function versionOf({ version, revision }: Partial<ServiceSettingsView>): string {
  return `version ${version}, revision ${revision}`;
}

function parsePercent(text: string): number {
  const percent = /^\d{1,3}%?$/.test(text) ? Number.parseInt(text, 10) : PERCENT_MAX + 1;
  if (percent <= PERCENT_MAX) return percent;
  throw new InvalidArgumentError('Expected 0% to 100%.');
}

function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}
