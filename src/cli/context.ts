/**
 * What every command needs: a client for the endpoints that were asked for, closed whatever happens,
 * and help that teaches by example. The SDK is loaded only when a command runs, so that help is instant.
 */
import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import { findEndpoints } from '../client/find-endpoints.js';
import type { Client, Discovery } from '../client/index.js';
import { isRollcallError, RollcallError } from '../types/errors.js';
import { describeDuration } from './duration.js';
import { hintService } from './near/lookup.js';
import { note } from './output.js';
import { type Output, parseSpanOption } from './parse.js';
import { STALE } from './roll.js';

/** The global options, and the one that most commands have. */
interface Globals {
  /** Commander makes '' of an empty variable. */
  readonly endpoints?: readonly string[] | '';
  readonly timeout?: number;
}

/** Long enough for a new leader to be found. */
const VIEW_TIMEOUT_MS = 5_000;
/** The answer comes from the member's own memory. */
const DIAGNOSIS_TIMEOUT_MS = 1_000;

/** For messages: where we looked. */
export function describeEndpoints(program: Command): string {
  return (endpointsOf(program) ?? findEndpoints().trim().split(',')).join(', ');
}

/** An empty variable is as good as none: container files often pass it on so. */
export function endpointsOf(command: Command): readonly string[] | undefined {
  return command.optsWithGlobals<Globals>().endpoints || undefined;
}

export async function openClient(command: Command): Promise<Client> {
  const { connect } = await import('../client/index.js');
  const { timeout } = command.optsWithGlobals<Globals>();
  return connect(endpointsOf(command), {
    failFast: true,
    timeoutMs: timeout,
    label: labelOf(command),
  });
}

/** How its sessions name this command to operators: "rollcall tree create pid 4711 on host1". */
function labelOf(command: Command): string {
  const names = [command.name()];
  for (let at = command.parent; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} pid ${process.pid} on ${hostname()}`;
}

export async function withClient<T>(
  command: Command,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(command);
  try {
    return await use(client);
  } catch (error) {
    throw await diagnose(client, error);
  } finally {
    await client.close();
  }
}

/** A deadline that passed says little; when it was for want of a quorum, that is worth saying. */
async function diagnose(client: Client, error: unknown): Promise<unknown> {
  if (!isRollcallError(error, 'TIMEOUT')) return error;
  const status = await client.status({ timeoutMs: DIAGNOSIS_TIMEOUT_MS }).catch(() => undefined);
  if (status === undefined || status.hasQuorum) return error;
  const { outcome } = error;
  return new RollcallError('NO_QUORUM', 'the cluster cannot decide', { outcome, cause: error });
}

/**
 * A view that is known, be it empty: a cluster that does not answer fails here, and soon. When it is empty,
 * near names are told before whatever comes of that.
 */
export async function withDiscovery<T>(
  command: Command,
  service: string,
  use: (discovery: Discovery) => Promise<T>,
): Promise<T> {
  return withClient(command, async (client) => {
    await client.ready();
    await using discovery = client.discover(service);
    await discovery.ready({ min: 0, timeoutMs: VIEW_TIMEOUT_MS });
    if (discovery.instances.length === 0) await hintService(client, service);
    if (discovery.state === 'STALE') note(`${service}: ${STALE}`);
    return use(discovery);
  });
}

/** A table, what programs read, and what a command has besides. */
export function outputOption(...further: readonly ('wide' | 'name')[]): Option {
  return new Option('-o, --output <format>', 'how to print it')
    .choices(['table', ...further, 'json', 'yaml'] satisfies Output[])
    .default('table');
}

/** For commands whose whole work is a few calls: each of them ends by then. */
export function timeoutOption(): Option {
  return new Option('--timeout <duration>', 'give up after this long (default: 5s)').argParser(
    parseSpanOption,
  );
}

/** With a default that reads as people type it. */
export function durationOption(flags: string, about: string, defaultMs: number): Option {
  return new Option(flags, about)
    .argParser(parseSpanOption)
    .default(defaultMs, describeDuration(defaultMs));
}

/** What to type, and what comes of it. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [string, string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, why]) => `  $ ${line.padEnd(width)}  # ${why}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
