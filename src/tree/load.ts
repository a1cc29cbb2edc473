/**
 * Builds a state from the rows of a checkpoint, slice by slice. Rows must come in the order of their keys.
 * Whatever does not decode or link marks the whole as damaged; that what was loaded is what was saved is
 * for the caller to tell, by comparing digests.
 */
import { decodeRow, type NodeRow, type Row, type SessionRow } from '../codec/row.js';
import { NO_SESSION, type Revision } from '../types/ids.js';
import { parentPath, ROOT } from '../types/path.js';
import type { HistoryOptions } from './history.js';
import { NodeRecord } from './nodes.js';
import { SessionRecord } from './sessions.js';
import { TreeState } from './state.js';
import type { TrackedRow } from './tracked.js';

export class StateLoader {
  readonly #state: TreeState;
  #isDamaged = false;
  #hasRoot = false;
  #lastParent: NodeRecord | undefined = undefined;

  constructor(revision: Revision, options: HistoryOptions) {
    this.#state = new TreeState(options, revision);
  }

  /** Rows that are not of the state (the writer's own) must be left out. */
  add(rows: Iterable<Row>): void {
    for (const row of rows) {
      if (!this.#addRow(row)) this.#isDamaged = true;
    }
    this.#state.tracker.digest.settle();
  }

  /** undefined when the rows do not make a state. */
  finish(): TreeState | undefined {
    if (this.#isDamaged) return undefined;
    if (!this.#hasRoot) this.#state.tracker.created(this.#state.nodes.root);
    return this.#state;
  }

  #addRow(row: Row): boolean {
    const decoded = decodeRow(row);
    if (decoded === undefined) return false;
    const { digest } = this.#state.tracker;
    switch (decoded.table) {
      case 'session':
        return this.#addSession(decoded);
      case 'node':
        return this.#addNode(decoded, row);
      default:
        digest.include(this.#addSmall(decoded), row.key, row.value);
        return true;
    }
  }

  #addSmall(
    row: Exclude<ReturnType<typeof decodeRow>, NodeRow | SessionRow | undefined>,
  ): TrackedRow {
    const { origins, overrides, quotas, departures, audit } = this.#state;
    switch (row.table) {
      case 'origin':
        return origins.load(row);
      case 'override':
        return overrides.load(row);
      case 'quota':
        return quotas.load(row);
      case 'departure':
        return departures.load(row);
      default:
        return audit.load(row);
    }
  }

  #addSession(row: SessionRow): boolean {
    const { window, ...fields } = row;
    const session = new SessionRecord({ ...fields, secretHash: new Uint8Array(row.secretHash) });
    if (!session.loadWindow(window)) return false;
    this.#state.sessions.add(session);
    this.#state.tracker.digest.note(session);
    return true;
  }

  #addNode(decoded: NodeRow, row: Row): boolean {
    const node = this.#link(decoded);
    if (node === undefined) return false;
    this.#state.tracker.digest.include(node, row.key, row.value);
    return true;
  }

  #link(row: NodeRow): NodeRecord | undefined {
    const { nodes, access } = this.#state;
    const list = access.intern(row.acl);
    if (row.path === ROOT) return this.#loadRoot(new NodeRecord(row, list, undefined), row.data);
    const parent = this.#parentOf(row.path);
    if (parent === undefined || nodes.get(row.path) !== undefined) return undefined;
    const node = new NodeRecord(row, list, parent);
    if (!isOwned(node, this.#state)) return undefined;
    this.#state.bytes.put(node, row.data);
    this.#state.linkNode(node);
    return node;
  }

  /** Siblings follow each other. */
  #parentOf(path: string): NodeRecord | undefined {
    const last = this.#lastParent;
    if (last !== undefined && isChild(path, last.path)) return last;
    this.#lastParent = this.#state.nodes.get(parentPath(path)!);
    return this.#lastParent;
  }

  #loadRoot(root: NodeRecord, data: Uint8Array): NodeRecord | undefined {
    if (this.#hasRoot || this.#state.nodes.size > 1) return undefined;
    this.#hasRoot = true;
    this.#state.loadRoot(root, data);
    return root;
  }
}

function isChild(path: string, parent: string): boolean {
  return path.lastIndexOf('/') === parent.length && path.startsWith(parent);
}

function isOwned(node: NodeRecord, state: TreeState): boolean {
  if ((node.kind === 'ephemeral') !== (node.owner !== NO_SESSION)) return false;
  return node.owner === NO_SESSION || state.ownerOf(node) !== undefined;
}
