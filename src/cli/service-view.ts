/** How a service stands: its settings, who is there, who looks on, what operators said, who left lately. */
import type {
  Client,
  DepartureView,
  Instance,
  OverrideView,
  ServiceDetails,
} from '../client/index.js';
import { INSTANCE_STATES } from '../types/instance.js';
import { noSuchService } from './near/lookup.js';
import { departureRow, overrideRow, settingsRow } from './operator-rows.js';
import { printLine, printObject, printTable } from './output.js';
import { isDataFormat, type Output } from './parse.js';
import { describeTags } from './roll.js';
import { describeMinimum, describePolicy } from './service-settings.js';
import { type Column, printable, renderFields } from './table.js';
import { describeAge, describeUntil } from './values/clock.js';

interface ServiceFacts {
  readonly details: ServiceDetails;
  readonly instances: readonly Instance[];
  readonly overrides: readonly OverrideView[];
  /** Oldest first. */
  readonly departures: readonly DepartureView[];
}

export async function showService(client: Client, service: string, output: Output): Promise<void> {
  const facts = await readFacts(client, service);
  const { details, overrides, departures } = facts;
  const isKnown = details.exists || overrides.length > 0 || departures.length > 0;
  if (!isKnown) throw await noSuchService(client, service);
  if (isDataFormat(output)) await printObject(factsRow(facts), output);
  else printFacts(facts, Date.now());
}

async function readFacts(client: Client, service: string): Promise<ServiceFacts> {
  const [details, { instances }, overrides, departures] = await Promise.all([
    client.admin.service(service),
    client.instances(service),
    client.admin.overrides({ service }),
    client.admin.departures(service),
  ]);
  return { details, instances, overrides, departures };
}

function factsRow({ details, instances, overrides, departures }: ServiceFacts): object {
  const { service, exists, settings, subscribers, revision } = details;
  return {
    service,
    exists,
    settings: settingsRow(settings),
    instances: details.instances,
    states: Object.fromEntries(statesOf(instances)),
    subscribers,
    revision,
    overrides: overrides.map(overrideRow),
    departures: departures.map(departureRow),
  };
}

function printFacts(
  { details, instances, overrides, departures }: ServiceFacts,
  now: number,
): void {
  const { service, settings, subscribers } = details;
  const { policy, minimumHealthy, fields, version, revision } = settings;
  const isSet = revision === 0 ? 'never set' : `version ${version}, revision ${revision}`;
  const lines = renderFields([
    ['service', service],
    ['instances', describeStates(instances)],
    ['subscribers', String(subscribers)],
    ['settings', isSet],
    ['policy', describePolicy(policy)],
    ['minimum healthy', describeMinimum(minimumHealthy)],
    ['fields', describeTags(fields) || 'none'],
    ['left lately', describeDepartures(departures, now)],
  ]);
  for (const line of lines) printLine(line);
  if (overrides.length === 0) return;
  printLine('');
  printTable(overrideColumns(now), overrides);
}

function overrideColumns(now: number): readonly Column<OverrideView>[] {
  return [
    { title: 'OVERRIDE', value: (row) => row.action },
    { title: 'ID', value: (row) => row.id },
    { title: 'STANDS', value: (row) => describeUntil(row.until, now) },
    { title: 'WHO', value: (row) => row.who },
    { title: 'REASON', value: (row) => row.reason },
  ];
}

function statesOf(instances: readonly Instance[]): [string, number][] {
  return INSTANCE_STATES.map((state): [string, number] => [
    state,
    instances.filter((instance) => instance.state === state).length,
  ]).filter(([, number]) => number > 0);
}

/** "3: 2 UP, 1 DRAINING". */
export function describeStates(instances: readonly Instance[]): string {
  const states = statesOf(instances).map(([state, number]) => `${number} ${state}`);
  return states.length === 0 ? 'none' : `${instances.length}: ${states.join(', ')}`;
}

/** How many for which reason, and the latest of them. */
export function describeDepartures(departures: readonly DepartureView[], now: number): string {
  const last = departures.at(-1);
  if (last === undefined) return 'nobody is on record';
  const counts = new Map<string, number>();
  for (const { reason } of departures) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, number]) => `${number} ${reason}`).join(', ');
  const latest = `the latest ${last.id} ${describeAge(last.time, now)} ago`;
  return `${reasons}; ${latest}: see \`rollcall why ${printable(`${last.service}/${last.id}`)}\``;
}
