/** `rollcall tree quota [PATH]`: bounds of subtrees, and how much of them is used. */
import { type Command, Option } from 'commander';
import type { Client, QuotaView } from '../../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../../context.js';
import { EXIT, Exit, UsageError } from '../../errors.js';
import { noSuchPath, onPath } from '../../near/lookup.js';
import { describeNear, nearNames } from '../../near/names.js';
import { quotaRow } from '../../operator-rows.js';
import { printLine, printList, printTable } from '../../output.js';
import { isDataFormat, type Output, parseCount } from '../../parse.js';
import { type Column, printable } from '../../table.js';
import { describeSize } from '../../values/sizes.js';
import { parsePath, parseSizeOption } from '../../values/targets.js';

interface QuotaOptions {
  readonly output: Output;
  readonly nodes?: number;
  readonly bytes?: number;
  readonly lift?: true;
}

const COLUMNS: readonly Column<QuotaView>[] = [
  { title: 'PATH', value: (row) => row.path },
  { title: 'NODES', value: nodesOf, align: 'right' },
  { title: 'BYTES', value: bytesOf, align: 'right' },
];

export function addQuota(group: Command): void {
  const command = group
    .command('quota')
    .description('list, set or lift bounds of subtrees: nodes, and bytes of their data')
    .argument('[path]', 'the root of the subtree', parsePath)
    .option('--nodes <n>', 'no more nodes than this, the root counted', parseCount)
    .option('--bytes <size>', 'no more bytes than this: 64K, 10M', parseSizeOption)
    .addOption(new Option('--lift', 'remove the quota').conflicts(['nodes', 'bytes']))
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((path: string | undefined, options: QuotaOptions) => runQuota(command, path, options));
  addExamples(command, [
    ['rollcall tree quota', 'all of them, with what is used'],
    [
      'rollcall tree quota /teams/a --nodes 1000 --bytes 10M',
      'the other bound stays when one is given',
    ],
    ['rollcall tree quota /teams/a --lift', 'no bound any more'],
  ]);
}

async function runQuota(
  command: Command,
  path: string | undefined,
  options: QuotaOptions,
): Promise<void> {
  const { nodes, bytes, lift, output } = options;
  const changes = lift === true || nodes !== undefined || bytes !== undefined;
  if (changes && path === undefined) throw new UsageError('of which subtree?', 'name its PATH');
  await withClient(command, async (client) => {
    if (changes) await changeQuota(client, path!, options);
    else await showQuotas(await readQuotas(client, path), output);
  });
}

async function readQuotas(client: Client, path: string | undefined): Promise<readonly QuotaView[]> {
  const quotas = await client.admin.quotas();
  if (path === undefined) return quotas;
  const found = quotas.filter((quota) => quota.path === path);
  if (found.length === 0) throw noQuota(quotas, path);
  return found;
}

async function showQuotas(quotas: readonly QuotaView[], output: Output): Promise<void> {
  if (isDataFormat(output)) await printList(quotas.map(quotaRow), output);
  else printTable(COLUMNS, quotas);
}

async function changeQuota(client: Client, path: string, options: QuotaOptions): Promise<void> {
  const quotas = await client.admin.quotas();
  const before = quotas.find((quota) => quota.path === path);
  if (options.lift) {
    if (before === undefined) throw noQuota(quotas, path);
    const revision = await client.admin.setQuota(path, {});
    printLine(printable(`${path} has no quota any more, revision ${revision}`));
    return;
  }
  if ((await client.get(path)) === undefined) throw await noSuchPath(client, path);
  const nodesMax = options.nodes ?? before?.nodesMax;
  const bytesMax = options.bytes ?? before?.bytesMax;
  const set = () => client.admin.setQuota(path, { nodesMax, bytesMax });
  const revision = await onPath(client, path, set);
  const after = (await client.admin.quotas()).find((quota) => quota.path === path);
  const used = after === undefined ? '' : `: ${describeQuota(after)}`;
  printLine(printable(`${path} quota set, revision ${revision}${used}`));
}

function noQuota(quotas: readonly QuotaView[], path: string): Exit {
  const near = describeNear(
    nearNames(
      path,
      quotas.map((quota) => quota.path),
    ),
  );
  const remedy = 'list them with `rollcall tree quota`';
  return new Exit(EXIT.failure, `no quota is set on ${path}${near}`, remedy);
}

/** "12 of 1000 nodes, 3.4 KiB of 10.0 MiB". */
export function describeQuota(quota: QuotaView): string {
  const parts = [
    ...(quota.nodesMax === 0 ? [] : [`${nodesOf(quota)} nodes`]),
    ...(quota.bytesMax === 0 ? [] : [bytesOf(quota)]),
  ];
  return parts.join(', ');
}

function nodesOf({ nodes, nodesMax }: QuotaView): string {
  return nodesMax === 0 ? String(nodes) : `${nodes} of ${nodesMax}`;
}

function bytesOf({ bytes, bytesMax }: QuotaView): string {
  const used = describeSize(bytes);
  return bytesMax === 0 ? used : `${used} of ${describeSize(bytesMax)}`;
}
