/**
 * `rollcall tree create PATH`: a new node. An ephemeral one lives as long as this command does, or the
 * COMMAND that it wraps.
 */
import { type Command, Option } from 'commander';
import type { Client, CreateOptions, CreateResult, Tree } from '../../../client/index.js';
import { isRollcallError } from '../../../types/errors.js';
import type { AclEntry } from '../../../types/node.js';
import { parentPath, pathProblem, ROOT } from '../../../types/path.js';
import { addExamples, timeoutOption, withClient } from '../../context.js';
import { EXIT, Exit, UsageError } from '../../errors.js';
import { holdNode } from '../../hold-node.js';
import { note, printLine } from '../../output.js';
import { parseDurationOption } from '../../parse.js';
import { printable } from '../../table.js';
import { readPayload } from '../../values/payload.js';
import { parseAclEntry, parseNewPath } from '../../values/targets.js';

interface CreateFlags {
  readonly ephemeral?: true;
  readonly sequential?: true;
  readonly container?: true;
  readonly ttl?: number;
  readonly parents?: true;
  readonly acl?: readonly AclEntry[];
}

const HELP = `
DATA is text, - for standard input, or @FILE. With --ephemeral the node goes when this command ends, at
Ctrl-C for example, or when COMMAND ends, whose exit code is ours; if the node is lost before, COMMAND is
told to end (SIGTERM).`;

export function addCreate(group: Command): void {
  const kinds = ['ephemeral', 'container', 'ttl'];
  const others = (kind: string) => kinds.filter((other) => other !== kind);
  const command = group
    .command('create')
    .description('create a node and print its path')
    .argument('<path>', 'of the new node', parseNewPath)
    .argument('[data]', 'default: none')
    .argument('[command...]', 'with --ephemeral, after --: what to run while the node is there')
    .addOption(new Option('--ephemeral', 'goes with this command').conflicts(others('ephemeral')))
    .option('--sequential', 'completes the name with ten digits that only rise')
    .addOption(
      new Option('--container', 'goes when its last child went').conflicts(others('container')),
    )
    .addOption(
      new Option('--ttl <duration>', 'goes when neither changed nor with children for so long')
        .argParser(parseDurationOption)
        .conflicts(others('ttl')),
    )
    .option('--parents', 'create what is missing above it')
    .option('--acl <scheme:id:cdrwa>', 'who may do what, repeatable', parseAclEntry)
    .addOption(timeoutOption())
    .action((path: string, ...[data, words, flags]: [string?, string[]?, CreateFlags?]) => {
      const given = data === undefined ? [] : [data, ...(words ?? [])];
      const split = splitCommand(given, flags?.ephemeral ? process.argv : []);
      return runCreate(command, { path, ...split, flags: flags ?? {} });
    });
  addExamples(command, [
    ["rollcall tree create /config/limits '{}' --parents", 'with what is missing above it'],
    ['rollcall tree create /jobs/job- @job.json --sequential', 'prints /jobs/job-0000000007'],
    ['rollcall tree create /leader "$HOSTNAME" --ephemeral -- ./work', 'there while ./work runs'],
    ['rollcall tree create /config/open x --acl world:anyone:r', 'nobody may change it'],
  ]).addHelpText('after', HELP);
}

interface CreateRequest {
  readonly path: string;
  readonly text: string | undefined;
  readonly commandLine: readonly string[];
  readonly flags: CreateFlags;
}

/** What stands after `--` is the command; commander itself no longer knows where that was. */
export function splitCommand(
  given: readonly string[],
  line: readonly string[],
): { readonly text: string | undefined; readonly commandLine: readonly string[] } {
  const dashes = line.indexOf('--');
  const words = dashes < 0 ? 0 : line.length - dashes - 1;
  const before = given.slice(0, Math.max(0, given.length - words));
  if (before.length > 1) {
    throw new UsageError(
      `DATA is one argument, and here are ${before.length}`,
      'put it in quotes; a command to run goes after --, with --ephemeral',
    );
  }
  return { text: before[0], commandLine: given.slice(before.length) };
}

async function runCreate(command: Command, request: CreateRequest): Promise<void> {
  const { path, text, flags } = request;
  const problem = pathProblem(path, flags.sequential === true);
  if (problem !== undefined) throw new UsageError(`not a path: ${problem}`, 'see --help');
  const data = await readPayload(text);
  await withClient(command, async (client) => {
    if (flags.ephemeral) return createEphemeral(client, request, data);
    const created = await createIn(client, client, { path, data, flags });
    printLine(printable(created.path));
  });
}

async function createEphemeral(
  client: Client,
  { path, flags, commandLine }: CreateRequest,
  data: Uint8Array,
): Promise<void> {
  await using session = await client.session();
  const created = await createIn(client, session, { path, data, flags });
  // A wrapped command owns stdout.
  if (commandLine.length > 0) note(`rollcall: ${printable(created.path)} is there`);
  else printLine(printable(created.path));
  const { code, lost } = await holdNode(session, commandLine);
  if (lost !== undefined) throw new Exit(EXIT.failure, `${created.path} is gone: ${lost}`);
  if (code !== 0) throw new Exit(code);
}

interface NewNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly flags: CreateFlags;
}

/** Parents are persistent and nobody's, whoever owns the node. */
async function createIn(client: Client, tree: Tree, node: NewNode): Promise<CreateResult> {
  const { path, data, flags } = node;
  const options = createOptions(flags);
  try {
    return await tree.create(path, data, options);
  } catch (error) {
    if (!flags.parents || !isRollcallError(error, 'NO_PARENT')) throw error;
  }
  await createParents(client, path);
  return tree.create(path, data, options);
}

function createOptions({ ephemeral, sequential, container, ttl, acl }: CreateFlags): CreateOptions {
  const kind = ephemeral
    ? 'ephemeral'
    : container
      ? 'container'
      : ttl === undefined
        ? 'persistent'
        : 'ttl';
  return { kind, sequential, ttlMs: ttl, acl };
}

async function createParents(client: Client, path: string): Promise<void> {
  const missing: string[] = [];
  let at = parentPath(path);
  while (at !== undefined && at !== ROOT && (await client.get(at)) === undefined) {
    missing.unshift(at);
    at = parentPath(at);
  }
  for (const parent of missing) {
    await client.create(parent).catch((error: unknown) => {
      if (!isRollcallError(error, 'NODE_EXISTS')) throw error;
    });
  }
}
