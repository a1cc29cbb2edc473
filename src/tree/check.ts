/** The invariants of the whole state, asserted by tests, the simulator and `rollcall debug`. */
import { assert } from '../types/assert.js';
import { NO_SESSION } from '../types/ids.js';
import { AUDIT_ENTRIES_MAX, DEPARTURES_MAX, DEPARTURES_PER_SERVICE_MAX } from '../types/limits.js';
import { isWithin, pathProblem } from '../types/path.js';
import { type AccessList, OPEN_ACCESS } from './access.js';
import type { Slab } from './bytes.js';
import { Digest } from './digest.js';
import type { NodeRecord } from './nodes.js';
import type { QuotaRecord } from './quotas.js';
import { SessionRecord } from './sessions.js';
import type { TreeState } from './state.js';

export function checkState(state: TreeState): void {
  let linked = 1;
  for (const node of state.nodes.values()) {
    checkNode(node, state);
    linked += checkChildren(node, state);
  }
  assert(linked === state.nodes.size, 'every node but the root is listed by its parent');
  for (const session of state.sessions.values()) checkSession(session, state);
  checkBytes(state);
  checkAccess(state);
  checkRecords(state);
  checkDigest(state);
}

function checkNode(node: NodeRecord, state: TreeState): void {
  assert(state.nodes.get(node.path) === node, 'node under another path');
  assert(pathProblem(node.path) === undefined, 'node of no path');
  assert(!node.isRemoved, 'removed node in the table');
  assert(node.modifyRevision <= state.revision, 'node from the future');
  assert(node.createRevision <= node.modifyRevision, 'changed before it was created');
  assert(node.incarnation <= node.modifyRevision, 'claimed after the last change');
  assert((node.kind === 'ephemeral') === (node.owner !== NO_SESSION), 'owner and kind disagree');
  assert((node.kind === 'ttl') === node.ttlMs > 0, 'ttl and kind disagree');
  const mayFade = node.kind === 'container' || node.kind === 'ttl';
  assert(
    state.fading.has(node) === mayFade,
    'node that goes by itself is not known, or another is',
  );
  if (node.owner === NO_SESSION) return;
  assert(node.childCount === 0, 'ephemeral node with children');
  const owner = state.sessions.get(node.owner);
  assert(owner !== undefined, 'ephemeral node of a session that is gone');
  assert(owner.ephemerals.has(node), 'ephemeral node not known to its session');
}

/** How many it lists. */
function checkChildren(node: NodeRecord, state: TreeState): number {
  if (node.children === undefined) return 0;
  const cursor = node.children.cursor();
  let previous = '';
  let count = 0;
  for (let child = cursor.next(); child !== undefined; child = cursor.next()) {
    assert(child.path > previous, 'children out of order');
    assert(state.nodes.get(child.path) === child, 'listed child is not in the table');
    assert(child.parent === node, 'child of another parent');
    assert(child.sequence < node.createCount, 'child outside its parent’s count');
    previous = child.path;
    count++;
  }
  assert(count === node.children.size && count > 0, 'count of children is wrong');
  assert(count <= node.createCount, 'more children than were ever created');
  return count;
}

function checkSession(session: SessionRecord, state: TreeState): void {
  assert(state.sessions.get(session.id) === session, 'session under another id');
  assert(state.sessions.withSecret(session.secretHash) === session, 'session lost by its secret');
  assert(session.epoch >= 1, 'session never attached');
  assert(session.windowCount <= session.lastSeq, 'more outcomes than requests');
  for (const node of session.ephemerals) {
    assert(state.nodes.get(node.path) === node, 'session owns a node that is gone');
    assert(node.owner === session.id, 'session owns another’s node');
  }
  const { window } = session.asRow();
  for (let i = 0; i < window.length; i++) {
    const expected = session.lastSeq - window.length + 1 + i;
    assert(window[i]!.seq === expected, 'gap in the window');
  }
}

/** Each slab counts exactly the values that stand in it. */
function checkBytes(state: TreeState): void {
  const live = new Map<Slab, number>();
  for (const { slab, dataLength } of state.nodes.values()) {
    if (slab !== undefined) live.set(slab, (live.get(slab) ?? 0) + dataLength);
  }
  for (const [slab, bytes] of live) assert(slab.live === bytes, 'slab miscounts its values');
}

/** Each list counts exactly the nodes that have it. */
function checkAccess({ nodes, access }: TreeState): void {
  const holders = new Map<AccessList, number>();
  for (const node of nodes.values()) {
    assert(access.get(node.access.id) === node.access, 'node of an unknown access list');
    if (node.access !== OPEN_ACCESS) holders.set(node.access, (holders.get(node.access) ?? 0) + 1);
  }
  for (const [list, count] of holders) assert(list.holders === count, 'list miscounts its nodes');
}

function checkRecords(state: TreeState): void {
  for (const node of state.fading) {
    assert(state.nodes.get(node.path) === node, 'node to go by itself is gone');
  }
  for (const quota of state.quotas.records()) checkQuota(quota, state);
  let departures = 0;
  for (const count of state.departures.counts()) {
    assert(count > 0 && count <= DEPARTURES_PER_SERVICE_MAX, 'departures of a service unbounded');
    departures += count;
  }
  assert(departures === state.departures.size, 'departures miscounted');
  assert(departures <= DEPARTURES_MAX, 'departures unbounded');
  assert(state.audit.size <= AUDIT_ENTRIES_MAX, 'audit unbounded');
}

function checkQuota(quota: QuotaRecord, state: TreeState): void {
  let nodes = 0;
  let bytes = 0;
  for (const node of state.nodes.values()) {
    if (!isWithin(node.path, quota.path)) continue;
    nodes++;
    bytes += node.dataLength;
  }
  assert(quota.nodes === nodes && quota.bytes === bytes, 'quota miscounts what stands under it');
}

/** The running sum equals one made from nothing. */
function checkDigest(state: TreeState): void {
  const fresh = new Digest();
  for (const node of state.nodes.values()) fresh.recount(node);
  for (const session of state.sessions.values()) fresh.recount(copyOf(session));
  for (const origin of state.origins.records()) fresh.recount(origin);
  for (const override of state.overrides.records()) fresh.recount(override);
  for (const quota of state.quotas.records()) fresh.recount(quota);
  for (const departure of state.departures.records()) fresh.recount(departure);
  for (const entry of state.audit.records()) fresh.recount(entry);
  assert(fresh.text() === state.tracker.digest.text(), 'digest does not match the rows');
}

function copyOf(session: SessionRecord): SessionRecord {
  const { window, ...fields } = session.asRow();
  const copy = new SessionRecord(fields);
  assert(copy.loadWindow(window), 'window that cannot be loaded');
  return copy;
}
