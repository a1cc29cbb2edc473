/** `rollcall tree watch PATH`: every change of a node, its children or everything below, as it happens. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { WatchScopeName } from '../../../client/index.js';
import { addExamples, outputOption, withClient } from '../../context.js';
import { paintEvent, printEvent, printLine } from '../../output.js';
import { isDataFormat, type Output } from '../../parse.js';
import { treeEventPrinter, treeEventRows } from '../../tree-events.js';
import { parsePath } from '../../values/targets.js';

interface WatchFlags {
  readonly output: Output;
  readonly scope: WatchScopeName;
  readonly from: 'now' | 'snapshot' | number;
}

export function addTreeWatch(group: Command): void {
  const command = group
    .command('watch')
    .description('show every change of a node as it happens; it need not be there yet')
    .argument('<path>', 'the node', parsePath)
    .addOption(
      new Option('--scope <scope>', 'the node alone, its children, or it and everything below')
        .choices(['node', 'children', 'subtree'])
        .default('node'),
    )
    .option(
      '--from <where>',
      'snapshot: what is there first; now; or a revision: every change after it',
      parseFrom,
      'snapshot',
    )
    .addOption(outputOption())
    .action((path: string, flags: WatchFlags) => runWatch(command, path, flags));
  addExamples(command, [
    ['rollcall tree watch /config --scope subtree', 'what is there, then each change'],
    ['rollcall tree watch /leader --from now', 'changes only'],
    ['rollcall tree watch /jobs --scope children --from 5312', 'everything after that revision'],
    [
      'rollcall tree watch /config -o json | jq -r \'select(.type == "changed") | .data\'',
      'a line each',
    ],
  ]);
}

async function runWatch(command: Command, path: string, flags: WatchFlags): Promise<void> {
  const { output, scope, from } = flags;
  await withClient(command, async (client) => {
    // Later losses of connection are waited out; a cluster that was never there is told at once.
    await client.ready();
    await using watch = client.watch(path, { scope, from });
    const describe = treeEventPrinter(path);
    for await (const event of watch) {
      const seen = { time: Date.now(), revision: watch.revision };
      if (isDataFormat(output)) {
        for (const row of treeEventRows(event, seen)) await printEvent(row, output);
      } else {
        for (const { type, text } of describe(event, seen)) printLine(paintEvent(text, type));
      }
    }
  });
}

function parseFrom(text: string): WatchFlags['from'] {
  if (text === 'now' || text === 'snapshot') return text;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  throw new InvalidArgumentError('Expected snapshot, now, or a revision.');
}
