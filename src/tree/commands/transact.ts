/** Transactions: guards first, then operations in order; a refusal takes everything back (contract 10). */
import { unreachable } from '../../types/assert.js';
import type { Guard, Transact, TreeOperation } from '../../types/command.js';
import { READ } from '../../types/node.js';
import type { Created, DataSet, Deleted, Outcome, Refused } from '../../types/outcome.js';
import type { NodeRecord } from '../nodes.js';
import { refused, type Work } from '../work.js';
import { applyCreate } from './create.js';
import { applyDelete } from './delete.js';
import { applySet } from './set.js';

export function applyTransact(body: Transact, work: Work): Outcome {
  for (const [i, guard] of body.guards.entries()) {
    const problem = guardProblem(guard, work);
    if (problem !== undefined) return refused(problem, guard.path, -1 - i);
  }
  const results: (Created | DataSet | Deleted)[] = [];
  work.begin();
  for (const operation of body.operations) {
    const result = applyOperation(operation, work);
    if (result.type === 'refused') {
      work.rollBack();
      return { ...result, position: results.length };
    }
    results.push(result);
  }
  work.commit();
  return { type: 'transacted', results };
}

export function applyOperation(
  operation: TreeOperation,
  work: Work,
): Created | DataSet | Deleted | Refused {
  switch (operation.kind) {
    case 'create':
      return applyCreate(operation, work);
    case 'set':
      return applySet(operation, work);
    case 'delete':
      return applyDelete(operation, work);
    default:
      return unreachable(operation);
  }
}

/** What a guard says of a node that may not be read would find out by guessing what is in it. */
function guardProblem(guard: Guard, work: Work): 'DENIED' | 'GUARD_FAILED' | undefined {
  const node = work.state.nodes.get(guard.path);
  if (node !== undefined && !work.may(READ, node)) return 'DENIED';
  return holds(guard, node) ? undefined : 'GUARD_FAILED';
}

function holds(guard: Guard, node: NodeRecord | undefined): boolean {
  if (guard.exists !== undefined && guard.exists !== (node !== undefined)) return false;
  return node === undefined ? isOnlyExistence(guard) : matches(guard, node);
}

/** Nothing but `exists` can hold of a node that is not there. */
function isOnlyExistence(guard: Guard): boolean {
  return (
    guard.version === undefined &&
    guard.createRevision === undefined &&
    guard.modifyRevision === undefined &&
    guard.childrenRevision === undefined &&
    guard.owner === undefined &&
    guard.data === undefined
  );
}

function matches(guard: Guard, node: NodeRecord): boolean {
  return (
    (guard.version ?? node.version) === node.version &&
    (guard.createRevision ?? node.createRevision) === node.createRevision &&
    (guard.modifyRevision ?? node.modifyRevision) === node.modifyRevision &&
    (guard.childrenRevision ?? node.childrenRevision) === node.childrenRevision &&
    (guard.owner ?? node.owner) === node.owner &&
    (guard.data === undefined || isSame(guard.data, node.data))
  );
}

/** Nobody's secret: it may stop at the first difference. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
