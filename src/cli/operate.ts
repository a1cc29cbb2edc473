/**
 * What drain, undrain and deregister share: finding what they speak of, and saying what becomes of it and
 * whom it affects, before (`--dry-run`) or after. Invariant: nothing is changed before every name was found.
 */
import { Option } from 'commander';
import type { Client } from '../client/index.js';
import { UsageError } from './errors.js';
import { describeImpact, type Impact } from './impact.js';
import { noSuchInstance } from './near/lookup.js';
import { printLine } from './output.js';
import { printable } from './table.js';
import { describeInstanceName, type InstanceName, parseSpan } from './values/targets.js';

export function dryRunOption(): Option {
  return new Option('--dry-run', 'say what it would do and whom it affects; change nothing');
}

export function spanOption(what: string): Option {
  return new Option('--for <duration>', what).argParser(parseSpan);
}

/** Others will find it standing, and ask. */
export function checkReason({ reason, dryRun }: { reason?: string; dryRun?: true }): void {
  if (dryRun || (reason !== undefined && reason !== '')) return;
  throw new UsageError('this needs a reason: others will ask', 'add one: --reason "new disk"');
}

/** When an override ends, milliseconds since 1970; 0: when it is lifted. */
export function endOf(span: number | 'forever' | undefined, now: number): number {
  return typeof span === 'number' ? now + span : 0;
}

/** Fails with near names when one was never heard of. */
export async function checkKnown(client: Client, names: readonly InstanceName[]): Promise<void> {
  for (const name of names) {
    if (await isOnRoll(client, name)) continue;
    const known = await rememberedIds(client, name.service);
    if (!known.includes(name.id)) throw await noSuchInstance(client, name, known);
  }
}

export async function isOnRoll(client: Client, { service, id }: InstanceName): Promise<boolean> {
  const { instances } = await client.instances(service);
  return instances.some((instance) => instance.id === id);
}

/** Who left lately, and on whom an operator's word stands: they may come back. */
export async function rememberedIds(client: Client, service: string): Promise<string[]> {
  const [departures, overrides] = await Promise.all([
    client.admin.departures(service),
    client.admin.overrides({ service }),
  ]);
  return [...new Set([...departures, ...overrides].map(({ id }) => id))];
}

export interface Act {
  readonly names: readonly InstanceName[];
  /** As in "would be drained until 14:02:11" and "drained until 14:02:11". */
  readonly done: string;
  readonly dryRun: boolean;
  readonly impacts: readonly Impact[];
  /** Answers the revision. */
  readonly perform: (name: InstanceName) => Promise<number>;
}

/** A line for each name, then a line for each service. */
export async function carryOut({ names, done, dryRun, impacts, perform }: Act): Promise<void> {
  for (const name of names) {
    const what = dryRun ? `would be ${done}` : `${done}, revision ${await perform(name)}`;
    printLine(printable(`${describeInstanceName(name)} ${what}`));
  }
  for (const impact of impacts) printLine(printable(describeImpact(impact)));
}
