/** `rollcall tree du [PATH]`: where the nodes and the bytes are. */
import type { Command } from 'commander';
import type { Client, QuotaView } from '../../../client/index.js';
import { isWithin, ROOT } from '../../../types/path.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../../context.js';
import { onPath } from '../../near/lookup.js';
import { quotaRow } from '../../operator-rows.js';
import { printLine, printList, printTable } from '../../output.js';
import { isDataFormat, type Output, parseCount } from '../../parse.js';
import { type Column, printable } from '../../table.js';
import { type Usage, UsageGroups } from '../../usage-groups.js';
import { describeSize } from '../../values/sizes.js';
import { parsePath } from '../../values/targets.js';
import { subtreeOf } from '../../walk.js';
import { describeQuota } from './quota.js';

interface DuOptions {
  readonly output: Output;
  readonly depth: number;
}

interface Row extends Usage {
  readonly quota: QuotaView | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NODES', value: (row) => String(row.nodes), align: 'right' },
  { title: 'BYTES', value: (row) => describeSize(row.bytes), align: 'right' },
  { title: 'QUOTA', value: ({ quota }) => (quota === undefined ? '' : describeQuota(quota)) },
  { title: 'PATH', value: (row) => row.path },
];

export function addDu(group: Command): void {
  const command = group
    .command('du')
    .description('sum up nodes and bytes of data by child, the largest first')
    .argument('[path]', 'the node', parsePath, ROOT)
    .option('--depth <n>', 'levels below it that have lines of their own', parseCount, 1)
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((path: string, options: DuOptions) => runDu(command, path, options));
  addExamples(command, [
    ['rollcall tree du', 'which part of the tree is large'],
    ['rollcall tree du /services --depth 0', 'one sum'],
    ['rollcall tree du /config --depth 2 -o json', 'bytes as numbers, with quotas'],
  ]);
}

async function runDu(command: Command, path: string, options: DuOptions): Promise<void> {
  const { output, depth } = options;
  await withClient(command, async (client) => {
    const quotas = await client.admin.quotas();
    const usage = await onPath(client, path, () => sumUp(client, path, depth));
    const rows = usage.map((sum) => ({ ...sum, quota: quotas.find((q) => q.path === sum.path) }));
    if (isDataFormat(output)) await printList(rows.map(usageRow), output);
    else {
      printTable(COLUMNS, rows);
      for (const line of quotasAbove(quotas, path)) printLine(printable(line));
    }
  });
}

async function sumUp(client: Client, path: string, depth: number): Promise<Usage[]> {
  const groups = new UsageGroups(path, depth);
  for await (const node of subtreeOf(client, path)) groups.add(node.path, node.stat.dataLength);
  return groups.list();
}

function usageRow({ path, nodes, bytes, quota }: Row): object {
  return { path, nodes, bytes, quota: quota === undefined ? null : quotaRow(quota) };
}

/** They bound what is shown too, though others share them. */
function quotasAbove(quotas: readonly QuotaView[], path: string): string[] {
  return quotas
    .filter((quota) => quota.path !== path && isWithin(path, quota.path))
    .map((quota) => `within the quota of ${quota.path}: ${describeQuota(quota)}`);
}
