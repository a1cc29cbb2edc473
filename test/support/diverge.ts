/**
 * Damage that no checksum sees: one row of a stored state is changed, and the digest stored beside it with
 * it. Only a comparison with other members can tell.
 */
import { ByteWriter } from '../../src/codec/cursor.js';
import { decodeRow, writeRowValue } from '../../src/codec/row.js';
import { LoadingTree } from '../../src/server/state/loading-tree.js';
import type { Row, StateDatabase } from '../../src/storage/state-database.js';

/** Answers the path of the node whose data is another now. */
export async function divergeState(database: StateDatabase): Promise<string> {
  const view = await database.view();
  await view.close();
  const { meta } = view;
  if (meta === undefined) throw new Error('there is no checkpoint to damage');
  const loading = new LoadingTree(meta.snapshot.index, {});
  let changed: { readonly row: Row; readonly path: string } | undefined;
  for await (const rows of database.rows()) {
    const after = rows.map((row) => {
      changed ??= changedNode(row);
      return changed?.row[0] === row[0] ? changed.row : row;
    });
    loading.add(after);
  }
  if (changed === undefined) throw new Error('there is no node with data');
  const digest = loading.finish();
  if (digest === '' || digest === meta.digest) throw new Error('the state is not another one');
  await database.write(
    { puts: [changed.row], deletes: [], meta: { ...meta, digest } },
    { durable: true },
  );
  return changed.path;
}

function changedNode([key, value]: Row): { readonly row: Row; readonly path: string } | undefined {
  const node = decodeRow({ key, value });
  if (node?.table !== 'node' || node.data.length === 0) return undefined;
  const data = node.data.slice();
  data[0]! ^= 1;
  const writer = new ByteWriter();
  writeRowValue({ ...node, data }, writer);
  return { row: [key, writer.finish().slice()], path: node.path };
}
