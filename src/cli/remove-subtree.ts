/**
 * Removes a subtree: at one revision when the cluster takes it in one, else in pieces from below, so that at
 * every moment what is left is whole. Nodes that others remove meanwhile are no failure.
 */
import type { Client, TreeNode } from '../client/index.js';
import { isRollcallError } from '../types/errors.js';
import { PAGE_NODES_MAX } from '../types/limits.js';
import { EXIT, Exit } from './errors.js';

export interface Removed {
  nodes: number;
  /** Each at a revision of its own. */
  changes: number;
  revision: number;
}

const PROGRESS_MS = 1_000;
/** Others may add as fast as we remove: past this many rounds over one node it is theirs. */
const ROUNDS_MAX = 100;

export async function removeSubtree(
  client: Client,
  path: string,
  progress: (line: string) => void,
): Promise<Removed> {
  const removed: Removed = { nodes: 0, changes: 0, revision: 0 };
  if (await removeAtOnce(client, path, removed)) return removed;
  progress('too much for one revision: removing it in pieces, from below');
  const timer = setInterval(() => progress(`${removed.nodes} nodes removed`), PROGRESS_MS);
  try {
    await removeInPieces(client, path, removed);
  } finally {
    clearInterval(timer);
  }
  return removed;
}

/** False: it is too large for one change. */
async function removeAtOnce(client: Client, path: string, removed: Removed): Promise<boolean> {
  try {
    const { nodes, revision } = await client.delete(path, { recursive: true });
    add(removed, nodes, revision);
    return true;
  } catch (error) {
    if (isRollcallError(error, 'TOO_LARGE')) return false;
    throw error;
  }
}

async function removeInPieces(client: Client, path: string, removed: Removed): Promise<void> {
  for (let round = 1; ; round++) {
    await removeChildren(client, path, removed);
    try {
      if (await removeAtOnce(client, path, removed)) return;
    } catch (error) {
      if (isRollcallError(error, 'NO_NODE')) return;
      throw error;
    }
    if (round < ROUNDS_MAX) continue;
    const message = `others add below ${path} as fast as it is removed`;
    throw new Exit(EXIT.failure, message, 'end whoever adds there, then run it again');
  }
}

async function removeChildren(client: Client, path: string, removed: Removed): Promise<void> {
  let after: string | undefined;
  do {
    const { nodes, next } = await client.list(path, { after, limit: PAGE_NODES_MAX });
    await removeLeaves(
      client,
      nodes.filter(({ stat }) => stat.childCount === 0),
      removed,
    );
    for (const { path: child, stat } of nodes) {
      if (stat.childCount > 0) await removeChild(client, child, removed);
    }
    after = next;
  } while (after !== undefined);
}

async function removeChild(client: Client, path: string, removed: Removed): Promise<void> {
  try {
    if (await removeAtOnce(client, path, removed)) return;
    await removeInPieces(client, path, removed);
  } catch (error) {
    if (!isRollcallError(error, 'NO_NODE')) throw error;
  }
}

/** A page of them in one transaction; one by one when somebody else touched any of them. */
async function removeLeaves(
  client: Client,
  leaves: readonly TreeNode[],
  removed: Removed,
): Promise<void> {
  if (leaves.length === 0) return;
  try {
    const { revision } = await client.transact((t) => {
      for (const { path } of leaves) t.delete(path);
    });
    add(removed, leaves.length, revision);
  } catch (error) {
    if (!isRollcallError(error, 'NO_NODE') && !isRollcallError(error, 'NOT_EMPTY')) throw error;
    for (const { path } of leaves) await removeChild(client, path, removed);
  }
}

function add(removed: Removed, nodes: number, revision: number): void {
  removed.nodes += nodes;
  removed.changes++;
  removed.revision = revision;
}
