/**
 * What `rollcall register` would do, without doing it: the instance as it would stand on the roll, who holds
 * its id now, and whether the cluster would agree. The answer is of now; another may be first.
 */

import { resolveTarget } from '../../client/discovery/target.js';
import type { Client, OverrideView, SessionSummary } from '../../client/index.js';
import { instancePath, instanceUrl } from '../../codec/instance.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import { SESSION_GRACE_MS_DEFAULT, SESSION_TIMEOUT_MS_DEFAULT } from '../../types/limits.js';
import { describeDuration } from '../duration.js';
import { EXIT, Exit } from '../errors.js';
import { printLine } from '../output.js';
import { describeTags, place } from '../roll.js';
import { renderFields } from '../table.js';
import { describeSession } from '../values/targets.js';
import type { Wanted } from './request.js';

export interface Holder {
  readonly instance: Instance;
  /** undefined: it is static. */
  readonly session: Pick<SessionSummary, 'id' | 'label' | 'detached'> | undefined;
}

/** Ends with a failure when the registration would be refused. */
export async function dryRun(client: Client, wanted: Wanted): Promise<void> {
  const { service, options } = wanted;
  const endpoints = client.describe().endpoints.map(({ endpoint }) => endpoint);
  const registeredAt = Date.now();
  const terms = { service, options, endpoints, registeredAt, zone: undefined };
  const { spec } = await resolveTarget(wanted.target, terms);
  const holder = await findHolder(client, spec);
  const overrides = await client.admin.overrides({ service });
  const override = overrides.find(({ id }) => id === spec.id);
  printLine(`would register ${service}/${spec.id}`);
  const fields = [...describeSpec(spec), ['stays', describeStay(wanted)] as const];
  const answer = judge(spec, { holder, override, takeover: options.takeover === true });
  const all = [...fields, ['its id', describeHolder(holder)] as const];
  for (const line of renderFields([...all, ['so', answer.text]])) printLine(`  ${line}`);
  if (answer.remedy !== undefined) {
    throw new Exit(EXIT.failure, `it would be refused: ${answer.text}`, answer.remedy);
  }
}

async function findHolder(client: Client, { service, id }: InstanceSpec) {
  const { instances } = await client.instances(service);
  const instance = instances.find((found) => found.id === id);
  if (instance === undefined) return undefined;
  const owner = (await client.get(instancePath(service, id)))?.stat.owner ?? 0;
  const session = owner === 0 ? undefined : await client.admin.session(owner);
  return { instance, session };
}

function describeSpec(spec: InstanceSpec): (readonly [string, string])[] {
  const fields = [
    ['at', instanceUrl(spec)],
    ['state', spec.state],
    ['weight', String(spec.weight)],
    ['zone', spec.zone],
    ['tags', describeTags(spec.tags)],
    ['ports', describeTags(spec.ports)],
  ] as const;
  return fields.filter(([, value]) => value !== '');
}

function describeStay({ options }: Wanted): string {
  if (options.static === true) return 'until it is deregistered: static';
  const timeout = describeDuration(options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT);
  const grace = describeDuration(options.graceMs ?? SESSION_GRACE_MS_DEFAULT);
  return `while its registrar lives: session ${timeout}, grace ${grace}`;
}

function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return 'free';
  const { instance, session } = holder;
  const by = session === undefined ? 'static' : describeOwner(session);
  return `held by ${place(instance)}, ${instance.state} since rev ${instance.createRevision}, ${by}`;
}

function describeOwner({ id, label, detached }: NonNullable<Holder['session']>): string {
  const name = label === '' ? '' : ` (${label})`;
  return `session ${describeSession(id)}${name}${detached ? ', its connection is lost' : ''}`;
}

export interface Answer {
  readonly text: string;
  /** Set when it would be refused. */
  readonly remedy?: string;
}

export interface Standing {
  readonly holder: Holder | undefined;
  readonly override: OverrideView | undefined;
  readonly takeover: boolean;
}

/** The cluster's own rule for claims, told beforehand. */
export function judge(spec: InstanceSpec, { holder, override, takeover }: Standing): Answer {
  if (override?.action === 'deregister') {
    const remedy = `lift that: rollcall undrain ${spec.service}/${spec.id}`;
    return { text: `an operator keeps it off the roll${byWhom(override)}`, remedy };
  }
  const claim = judgeClaim(spec, holder, takeover);
  if (override === undefined || claim.remedy !== undefined) return claim;
  return { text: `${claim.text}; it would show DRAINING: drained${byWhom(override)}` };
}

function judgeClaim(spec: InstanceSpec, holder: Holder | undefined, takeover: boolean): Answer {
  if (holder === undefined) return { text: 'it would join' };
  if (place(holder.instance) === place(spec)) {
    return { text: 'it would take its own place again: the same address and port' };
  }
  if (holder.session?.detached === true) return { text: 'it would take over from who is gone' };
  if (takeover) return { text: `it would displace ${place(holder.instance)}` };
  const remedy = 'choose another --id, end the holder, or displace it with --takeover';
  return { text: `the id is in use by ${place(holder.instance)}`, remedy };
}

function byWhom({ who, reason }: OverrideView): string {
  const by = who === '' ? '' : ` by ${who}`;
  return reason === '' ? by : `${by} (${reason})`;
}
