/** `rollcall tree ls PATH`: the children of a node, or everything below it. */
import type { Command } from 'commander';
import type { TreeNode } from '../../../client/index.js';
import { nameOf, ROOT } from '../../../types/path.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../../context.js';
import { onPath } from '../../near/lookup.js';
import { statRow } from '../../operator-rows.js';
import { note, printLine, printList, printTable } from '../../output.js';
import { isDataFormat, type Output, parseCount } from '../../parse.js';
import { type Column, printable } from '../../table.js';
import { takeFirst } from '../../take-first.js';
import { describeTime } from '../../values/clock.js';
import { describeSession, parsePath } from '../../values/targets.js';
import { childrenOf, subtreeOf } from '../../walk.js';

interface LsOptions {
  readonly output: Output;
  readonly recursive?: true;
  readonly long?: true;
  readonly limit?: number;
}

export function addLs(group: Command): void {
  const command = group
    .command('ls')
    .description('list the children of a node, or everything below it')
    .argument('[path]', 'the node', parsePath, ROOT)
    .option('-r, --recursive', 'the node itself and everything below, as paths, parents first')
    .option('-l, --long', 'with kind, version, size, children, owner and time; as -o wide')
    .option('--limit <n>', 'no more than so many', parseCount)
    .addOption(outputOption('wide'))
    .addOption(timeoutOption())
    .action((path: string, options: LsOptions) => runLs(command, path, options));
  addExamples(command, [
    ['rollcall tree ls /', 'names, one a line'],
    ['rollcall tree ls -l /services/web', 'with what is known of each'],
    ['rollcall tree ls -r /config | grep limit', 'paths, for scripts'],
    ['rollcall tree ls /config -o json', 'one JSON array'],
  ]);
}

async function runLs(command: Command, path: string, options: LsOptions): Promise<void> {
  await withClient(command, (client) =>
    onPath(client, path, async () => {
      const nodes = options.recursive ? subtreeOf(client, path) : childrenOf(client, path);
      const { output, long } = options;
      if (isDataFormat(output) || long || output === 'wide') await printWhole(nodes, options);
      else await printNames(nodes, options);
    }),
  );
}

/** As they come: a large folder needs no memory here. */
async function printNames(nodes: AsyncIterable<TreeNode>, options: LsOptions): Promise<void> {
  const { limit = Infinity, recursive } = options;
  let shown = 0;
  for await (const { path } of nodes) {
    if (shown === limit) return sayMore(limit);
    shown++;
    const name = recursive ? path : nameOf(path);
    // Programs get the name itself, a terminal what cannot drive it.
    printLine(process.stdout.isTTY ? printable(name) : name);
  }
}

async function printWhole(nodes: AsyncIterable<TreeNode>, options: LsOptions): Promise<void> {
  const { limit = Infinity, recursive, output } = options;
  const found = await takeFirst(nodes, limit + 1);
  const shown = found.slice(0, limit);
  if (isDataFormat(output)) await printList(shown.map(nodeRow), output);
  else printTable(columns(recursive === true, Date.now()), shown);
  if (found.length > shown.length) sayMore(limit);
}

function sayMore(limit: number): void {
  note(`more than ${limit} are there: raise --limit to see them`);
}

function nodeRow({ path, stat }: TreeNode): object {
  return { path, ...statRow(stat) };
}

function columns(isRecursive: boolean, now: number): readonly Column<TreeNode>[] {
  return [
    { title: 'KIND', value: ({ stat }) => stat.kind },
    { title: 'VERSION', value: ({ stat }) => String(stat.version), align: 'right' },
    { title: 'BYTES', value: ({ stat }) => String(stat.dataLength), align: 'right' },
    { title: 'CHILDREN', value: ({ stat }) => String(stat.childCount), align: 'right' },
    { title: 'REVISION', value: ({ stat }) => String(stat.modifyRevision), align: 'right' },
    { title: 'OWNER', value: ({ stat }) => (stat.owner === 0 ? '' : describeSession(stat.owner)) },
    { title: 'MODIFIED', value: ({ stat }) => describeTime(stat.modifyTime, now) },
    {
      title: isRecursive ? 'PATH' : 'NAME',
      value: ({ path }) => (isRecursive ? path : nameOf(path)),
    },
  ];
}
