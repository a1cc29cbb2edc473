/** `rollcall tree rm PATH`: removes a node, or with -r everything below it too. */
import type { Command } from 'commander';
import { type Client, isRollcallError, type TreeNode } from '../../../client/index.js';
import { addExamples, timeoutOption, withClient } from '../../context.js';
import { EXIT, Exit, UsageError } from '../../errors.js';
import { describeImpact, impactOf, instancesAmong } from '../../impact.js';
import { noSuchPath, onPath } from '../../near/lookup.js';
import { dryRunOption } from '../../operate.js';
import { note, printLine } from '../../output.js';
import { removeSubtree } from '../../remove-subtree.js';
import { printable } from '../../table.js';
import { count, describeSize } from '../../values/sizes.js';
import { parsePath, parseVersion } from '../../values/targets.js';
import { subtreeOf } from '../../walk.js';

interface RmOptions {
  readonly recursive?: true;
  readonly version?: number;
  readonly dryRun?: true;
}

export function addRm(group: Command): void {
  const command = group
    .command('rm')
    .description('remove a node')
    .argument('<path>', 'the node', parsePath)
    .option('-r, --recursive', 'with everything below it')
    .option('--version <n>', 'only when the node has this version', parseVersion)
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((path: string, options: RmOptions) => runRm(command, path, options));
  addExamples(command, [
    ['rollcall tree rm /config/limits', 'one node without children'],
    ['rollcall tree rm -r /config --dry-run', 'how much would go, and whom that affects'],
    ['rollcall tree rm -r /config', 'at one revision; a very large one in pieces, from below'],
    ['rollcall tree rm /config/limits --version 4', 'only when nobody changed it since'],
  ]);
}

async function runRm(command: Command, path: string, options: RmOptions): Promise<void> {
  const { recursive, version, dryRun } = options;
  if (recursive && version !== undefined) {
    throw new UsageError('a version speaks of one node only', 'leave out -r or --version');
  }
  await withClient(command, (client) =>
    onPath(client, path, async () => {
      if (dryRun) await rehearse(client, path, options);
      else if (recursive) await removeAll(client, path);
      else await removeOne(client, path, version);
    }),
  );
}

async function removeOne(client: Client, path: string, version?: number): Promise<void> {
  try {
    const { revision } = await client.delete(path, { version });
    printLine(printable(`${path} removed, revision ${revision}`));
  } catch (error) {
    if (!isRollcallError(error, 'NOT_EMPTY')) throw error;
    throw new Exit(EXIT.failure, error.message, 'remove what is below it too with -r');
  }
}

async function removeAll(client: Client, path: string): Promise<void> {
  const { nodes, changes, revision } = await removeSubtree(client, path, note);
  const how = changes === 1 ? '' : ` in ${changes} changes`;
  printLine(printable(`${path} removed, ${count(nodes, 'node')}${how}, revision ${revision}`));
}

async function rehearse(client: Client, path: string, options: RmOptions): Promise<void> {
  const node = await client.get(path);
  if (node === undefined) throw await noSuchPath(client, path);
  checkAllowed(node, options);
  const sum = await sumOf(client, path);
  const ephemeral = sum.ephemeral === 0 ? '' : `, ${sum.ephemeral} ephemeral`;
  const what = `${count(sum.nodes, 'node')}, ${describeSize(sum.bytes)}${ephemeral}`;
  printLine(printable(`${path} would be removed: ${what}`));
  for (const impact of await impactOf(client, instancesAmong(sum.instances))) {
    printLine(printable(describeImpact(impact)));
  }
}

function checkAllowed({ path, stat }: TreeNode, { recursive, version }: RmOptions): void {
  if (version !== undefined && version !== stat.version) {
    const message = `it would be refused: ${path} has version ${stat.version}`;
    throw new Exit(EXIT.failure, message, 'somebody changed it meanwhile: read it again');
  }
  if (recursive || stat.childCount === 0) return;
  const message = `it would be refused: ${path} has ${count(stat.childCount, 'child', 'children')}`;
  throw new Exit(EXIT.failure, message, 'remove what is below it too with -r');
}

async function sumOf(client: Client, path: string) {
  const sum = { nodes: 0, bytes: 0, ephemeral: 0, instances: [] as string[] };
  for await (const node of subtreeOf(client, path)) {
    sum.nodes++;
    sum.bytes += node.stat.dataLength;
    if (node.stat.owner !== 0) sum.ephemeral++;
    if (instancesAmong([node.path]).length > 0) sum.instances.push(node.path);
  }
  return sum;
}
