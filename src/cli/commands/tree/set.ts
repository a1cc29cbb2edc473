/** `rollcall tree set PATH DATA`: replaces the data of a node. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Client } from '../../../client/index.js';
import { isRollcallError } from '../../../types/errors.js';
import { addExamples, timeoutOption, withClient } from '../../context.js';
import { onPath } from '../../near/lookup.js';
import { printLine } from '../../output.js';
import { printable } from '../../table.js';
import { readPayload } from '../../values/payload.js';
import { parsePath, parseVersion } from '../../values/targets.js';

/** Created and removed by others in between: past this many somebody does nothing else. */
const ATTEMPTS_MAX = 5;

interface SetOptions {
  readonly version?: number;
  readonly create?: true;
}

export function addSet(group: Command): void {
  const command = group
    .command('set')
    .description('replace the data of a node')
    .argument('<path>', 'the node', parsePath)
    .argument('<data>', 'text, - for standard input, or @FILE')
    .option('--version <n>', 'only when the node has this version', parseVersion)
    .addOption(new Option('--create', 'create it when it is not there').conflicts('version'))
    .addOption(timeoutOption())
    .action((path: string, data: string, options: SetOptions) =>
      runSet(command, { path, data, options }),
    );
  addExamples(command, [
    ['rollcall tree set /config/limits \'{"rps":100}\'', 'prints version and revision'],
    ['rollcall tree set /config/logo @logo.png --create', 'a file, byte for byte'],
    ['date | rollcall tree set /config/stamp -', 'from standard input'],
    ['rollcall tree set /config/limits 9 --version 4', 'only when nobody changed it since'],
  ]);
}

interface SetRequest {
  readonly path: string;
  readonly data: string;
  readonly options: SetOptions;
}

async function runSet(command: Command, { path, data, options }: SetRequest): Promise<void> {
  const bytes = await readPayload(data);
  await withClient(command, async (client) => {
    const { version, revision } = options.create
      ? await setOrCreate(client, path, bytes)
      : await onPath(client, path, () =>
          setData(client, path, { bytes, version: options.version }),
        );
    printLine(printable(`${path} version ${version}, revision ${revision}`));
  });
}

interface Done {
  readonly version: number;
  readonly revision: number;
}

async function setData(
  client: Client,
  path: string,
  { bytes, version }: { readonly bytes: Uint8Array; readonly version: number | undefined },
): Promise<Done> {
  const { stat, revision } = await client.set(path, bytes, { version });
  return { version: stat.version, revision };
}

async function setOrCreate(client: Client, path: string, bytes: Uint8Array): Promise<Done> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await setData(client, path, { bytes, version: undefined });
    } catch (error) {
      if (!isRollcallError(error, 'NO_NODE')) throw error;
    }
    try {
      const { stat, revision } = await client.create(path, bytes);
      return { version: stat.version, revision };
    } catch (error) {
      if (!isRollcallError(error, 'NODE_EXISTS') || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
