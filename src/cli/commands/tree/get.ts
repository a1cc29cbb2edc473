/** `rollcall tree get PATH`: the data of a node, byte for byte where a program reads it. */
import type { Command } from 'commander';
import type { TreeNode } from '../../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../../context.js';
import { describeDuration } from '../../duration.js';
import { EXIT, Exit } from '../../errors.js';
import { noSuchPath } from '../../near/lookup.js';
import { statRow } from '../../operator-rows.js';
import { printLine, printObject, writeBytes } from '../../output.js';
import { isDataFormat, type Output } from '../../parse.js';
import { renderFields } from '../../table.js';
import { describeAgo } from '../../values/clock.js';
import { payloadRow, terminalText } from '../../values/payload.js';
import { describeSize } from '../../values/sizes.js';
import { describeSession, parsePath } from '../../values/targets.js';

interface GetOptions {
  readonly output: Output;
  readonly stat?: true;
  readonly raw?: true;
}

export function addGet(group: Command): void {
  const command = group
    .command('get')
    .description('print the data of a node')
    .argument('<path>', 'the node', parsePath)
    .option('--stat', 'instead of its data: kind, versions, revisions, times, owner')
    .option('--raw', 'its bytes as they are, to a terminal too; pipes and files always get them so')
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((path: string, options: GetOptions) => runGet(command, path, options));
  addExamples(command, [
    ['rollcall tree get /config/limits', 'text, with control characters made visible'],
    ['rollcall tree get /config/logo > logo.png', 'byte for byte'],
    ['rollcall tree get /config/limits --stat', 'what is known of it'],
    ['rollcall tree get /config/limits -o json', 'both; "encoding" is utf8 or base64'],
  ]);
}

async function runGet(command: Command, path: string, options: GetOptions): Promise<void> {
  const node = await withClient(command, async (client) => {
    return (await client.get(path)) ?? Promise.reject(await noSuchPath(client, path));
  });
  if (isDataFormat(options.output)) {
    await printObject({ path, ...payloadRow(node.data), stat: statRow(node.stat) }, options.output);
  } else if (options.stat) {
    for (const line of describeStat(node, Date.now())) printLine(line);
  } else if (options.raw || !process.stdout.isTTY) await writeBytes(node.data);
  else printText(node);
}

function printText({ data }: TreeNode): void {
  const text = terminalText(data);
  if (text !== undefined) return printLine(text.replace(/\n$/, ''));
  throw new Exit(
    EXIT.failure,
    `its ${describeSize(data.length)} are no text`,
    'write them to a file, or pass --raw or -o json',
  );
}

export function describeStat({ path, stat }: TreeNode, now: number): string[] {
  const owner = stat.owner === 0 ? [] : [['owner', `session ${describeSession(stat.owner)}`]];
  const ttl = stat.ttlMs === 0 ? [] : [['time to live', describeDuration(stat.ttlMs)]];
  return renderFields([
    ['path', path],
    ['kind', stat.kind],
    ...(owner as [string, string][]),
    ...(ttl as [string, string][]),
    ['bytes', String(stat.dataLength)],
    ['children', `${stat.childCount}, of ${stat.createCount} ever created`],
    ['version', `${stat.version}, of the access list ${stat.aclVersion}`],
    ['created', `${describeAgo(stat.createTime, now)}, revision ${stat.createRevision}`],
    ['modified', `${describeAgo(stat.modifyTime, now)}, revision ${stat.modifyRevision}`],
    ['children changed', `revision ${stat.childrenRevision}`],
  ]);
}
