/**
 * What every command needs: a client for the endpoints that were asked for, closed whatever happens,
 * and help that teaches by example. The SDK is loaded only when a command runs, so that help is instant.
 */
import { type Command, Option } from 'commander';
import type { Client } from '../client/index.js';
import type { Output } from './parse.js';

/** The global options. */
interface Globals {
  readonly endpoints?: readonly string[];
}

const DEFAULT_ENDPOINT = '127.0.0.1:8655';

/** For messages: where we looked. */
export function describeEndpoints(program: Command): string {
  const { endpoints } = program.optsWithGlobals<Globals>();
  return endpoints?.join(', ') ?? DEFAULT_ENDPOINT;
}

export async function openClient(command: Command): Promise<Client> {
  const { connect } = await import('../client/index.js');
  return connect(command.optsWithGlobals<Globals>().endpoints, { failFast: true });
}

export async function withClient<T>(
  command: Command,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(command);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

export function outputOption(...formats: readonly Output[]): Option {
  return new Option('-o, --output <format>', 'how to print it')
    .choices(['table', ...formats])
    .default('table');
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
