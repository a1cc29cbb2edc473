/** Reads children and subtrees page by page: as much is held at a time as one page. */
import type { Client, TreeNode } from '../client/index.js';

/** By name, without their data. */
export async function* childrenOf(client: Client, path: string): AsyncGenerator<TreeNode> {
  yield* pages(client, path, false);
}

/** The node itself and everything below, parents first, without their data. */
export async function* subtreeOf(client: Client, path: string): AsyncGenerator<TreeNode> {
  yield* pages(client, path, true);
}

async function* pages(client: Client, path: string, recursive: boolean): AsyncGenerator<TreeNode> {
  let after: string | undefined;
  do {
    const { nodes, next } = await client.list(path, { after, recursive });
    yield* nodes;
    after = next;
  } while (after !== undefined);
}
