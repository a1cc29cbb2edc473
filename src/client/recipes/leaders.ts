/**
 * Who leads, as the watch of the line tells it: in rising order of revision, so never an old leader after
 * a newer one. A reader that is slow is shown the latest; what is kept is the line as it stands.
 */
import type { RollcallError } from '../../types/errors.js';
import type { TreeNode } from '../../types/node.js';
import { reader } from '../core/reader.js';
import { StateCell } from '../core/states.js';
import type { Leader, Tree, WatchEvent } from '../types.js';
import { byCreation, stands } from './line.js';

export function leaderOf({ data, stat }: TreeNode): Leader {
  return { value: data, fencingToken: stat.createRevision };
}

export function observeLeaders(
  tree: Tree,
  path: string,
  signal?: AbortSignal,
): AsyncIterable<Leader | undefined> {
  return reader((over) => readLeaders(tree, path, over), signal);
}

/** `unknown` until the line was seen for the first time. */
type First = TreeNode | undefined | 'unknown';

async function* readLeaders(
  tree: Tree,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Leader | undefined, void, undefined> {
  const line = new Map<string, TreeNode>();
  const first = new StateCell<First>('unknown');
  let failure: RollcallError | undefined;
  const watch = tree.watch(path, { scope: 'children', signal });
  watch.subscribe(
    (event) => {
      if (takeEvent(line, event)) first.set([...line.values()].sort(byCreation)[0]);
    },
    (error) => {
      failure = error;
      first.close(first.value);
    },
  );
  try {
    for await (const node of first.values(signal)) {
      if (node !== 'unknown') yield node && leaderOf(node);
    }
    if (failure !== undefined) throw failure;
  } finally {
    await watch.close();
  }
}

/** Whether it says anything of the line. Nodes that have not changed stay the same objects. */
function takeEvent(line: Map<string, TreeNode>, event: WatchEvent): boolean {
  if (event.type === 'snapshot') {
    const before = new Map(line);
    line.clear();
    for (const node of event.nodes) add(line, before.get(node.path), node);
  } else if (event.type === 'change') {
    for (const { type, path, node } of event.changes) {
      if (type === 'deleted') line.delete(path);
      else add(line, line.get(path), node);
    }
  } else return false;
  return true;
}

function add(line: Map<string, TreeNode>, before: TreeNode | undefined, node: TreeNode): void {
  if (!stands(node)) return;
  const isSame =
    before?.stat.createRevision === node.stat.createRevision &&
    before.stat.version === node.stat.version;
  line.set(node.path, isSame ? before : node);
}
