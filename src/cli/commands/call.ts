/** `rollcall call SERVICE /path`: one HTTP request to an instance that is UP, on to another when it refuses. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import type { Instance, RunContext } from '../../client/index.js';
import { addExamples, durationOption, withDiscovery } from '../context.js';
import { EXIT, Exit, UsageError } from '../errors.js';
import { note } from '../output.js';
import { parseHeader, parseName } from '../parse.js';

const TIMEOUT_MS_DEFAULT = 10_000;

interface CallOptions {
  readonly request?: string;
  readonly data?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly include?: true;
  readonly timeout: number;
}

export function addCall(program: Command): void {
  const command = program
    .command('call')
    .description('send one HTTP request to an instance of a service and print the answer')
    .argument('<service>', 'name of the service', parseName)
    .argument('[path]', 'path and query', '/')
    .option('-X, --request <method>', 'GET, or POST with --data')
    .option('-d, --data <text>', 'body to send')
    .option('-H, --header <name: value>', 'header to send, repeatable', parseHeader)
    .option('-i, --include', 'say on stderr who answered, and how')
    .addOption(
      durationOption('--timeout <duration>', 'give up after this long', TIMEOUT_MS_DEFAULT),
    )
    .action((service: string, path: string, options: CallOptions) =>
      runCall(command, { service, path, options }),
    );
  addExamples(command, [
    ['rollcall call web /health', 'the body on stdout; exit code 1 unless the status is 2xx'],
    ['rollcall call -i web /health', 'and on stderr which instance answered'],
    ["rollcall call web /jobs -d '{\"n\":1}' -H 'content-type: application/json'", 'a POST'],
  ]);
}

interface Call {
  readonly service: string;
  readonly path: string;
  readonly options: CallOptions;
}

async function runCall(command: Command, call: Call): Promise<void> {
  const { service, options } = call;
  await withDiscovery(command, service, async (discovery) => {
    const status = await discovery.run((instance, context) => send(call, instance, context), {
      timeoutMs: options.timeout,
    });
    if (status < 200 || status > 299) throw new Exit(EXIT.failure, `${service} answered ${status}`);
  });
}

/** The body goes to stdout as it comes. */
async function send(call: Call, instance: Instance, context: RunContext): Promise<number> {
  const { data, header, include, request } = call.options;
  const response = await fetch(target(instance, call.path), {
    method: request ?? (data === undefined ? 'GET' : 'POST'),
    headers: { ...header },
    body: data ?? null,
    redirect: 'manual',
    signal: context.signal,
  });
  if (include) note(`${instance.id} ${instance.url} ${response.status} ${response.statusText}`);
  if (response.body !== null) {
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, process.stdout, { end: false });
  }
  return response.status;
}

function target(instance: Instance, path: string): string {
  if (!/^https?:/.test(instance.url)) {
    throw new UsageError(
      `${instance.service}/${instance.id} speaks ${instance.protocol}, not HTTP`,
      `take its address from \`rollcall url ${instance.service}\` and use a client that speaks it`,
    );
  }
  return `${instance.url.replace(/\/$/, '')}/${path.replace(/^\//, '')}`;
}
