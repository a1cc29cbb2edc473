/**
 * Whom an act affects: of each service, how many instances that are UP remain, and how many look at it.
 * The same words before (`--dry-run`) and after.
 */
import type { Client, Instance } from '../client/index.js';
import { SERVICES_ROOT } from '../codec/instance.js';
import { EXIT, Exit } from './errors.js';
import { count } from './values/sizes.js';
import type { InstanceName } from './values/targets.js';

export interface Impact {
  readonly service: string;
  /** Instances that callers use now… */
  readonly up: number;
  /** …and once it is done. */
  readonly remaining: number;
  readonly subscribers: number;
}

/** Of taking `names` away from callers, a line for each service. */
export async function impactOf(client: Client, names: readonly InstanceName[]): Promise<Impact[]> {
  const services = [...new Set(names.map(({ service }) => service))];
  const impacts: Impact[] = [];
  // One after the other: an act on a whole branch may concern hundreds.
  for (const service of services) {
    const [{ instances }, { subscribers }] = await Promise.all([
      client.instances(service),
      client.admin.service(service),
    ]);
    const gone = new Set(names.filter((name) => name.service === service).map(({ id }) => id));
    impacts.push({ ...countUp(service, instances, gone), subscribers });
  }
  return impacts;
}

function countUp(
  service: string,
  instances: readonly Instance[],
  gone: ReadonlySet<string>,
): Omit<Impact, 'subscribers'> {
  const up = instances.filter(({ state }) => state === 'UP');
  const remaining = up.filter(({ id }) => !gone.has(id));
  return { service, up: up.length, remaining: remaining.length };
}

/** "web: 2 of 3 remain UP; 14 subscribers". */
export function describeImpact({ service, up, remaining, subscribers }: Impact): string {
  const left = up === 0 ? 'none was UP' : `${remaining} of ${up} remain UP`;
  return `${service}: ${left}; ${count(subscribers, 'subscriber')}`;
}

/** Callers of a service without anybody UP get NO_INSTANCE: an operator has to mean that. */
export function checkSomebodyRemains(impacts: readonly Impact[], act: string): void {
  const bare = impacts.find(({ up, remaining }) => up > 0 && remaining === 0);
  if (bare === undefined) return;
  const who = bare.up === 1 ? 'the only instance that is' : `all ${bare.up} instances that are`;
  const message = `that would ${act} ${who} UP: ${describeImpact(bare)}`;
  throw new Exit(EXIT.failure, message, 'start others first, or pass --force');
}

/** The instances among paths of nodes. */
export function instancesAmong(paths: readonly string[]): InstanceName[] {
  return paths.flatMap((path) => {
    if (!path.startsWith(`${SERVICES_ROOT}/`)) return [];
    const [service, id, ...below] = path.slice(SERVICES_ROOT.length + 1).split('/');
    return service && id && below.length === 0 ? [{ service, id }] : [];
  });
}
