/** Collects the guards and operations of one transaction, and reads what came of them. */

import type * as wire from '../../gen/index.js';
import type { OperationResponse } from '../../gen/index.js';
import { statFrom } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type {
  Bytes,
  CreateOptions,
  GuardConditions,
  Transaction,
  TransactionResult,
  TransactionStep,
  VersionOptions,
} from '../types.js';
import { type OperationPlan, unexpectedAnswer } from './operation.js';
import { bytesOf, createMessage, plan, toBytes } from './plans.js';

export class TransactionBuilder implements Transaction {
  readonly #guards: Outgoing<wire.Guard>[] = [];
  readonly #operations: Outgoing<wire.Operation>[] = [];
  #bytes = 0;

  check(path: string, conditions: GuardConditions): this {
    this.#guards.push({ path, ...conditions });
    this.#bytes += path.length + 32;
    return this;
  }

  create(
    path: string,
    data: Bytes = '',
    options: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs'> = {},
  ): this {
    const create = createMessage(path, data, options);
    return this.#add({ create }, bytesOf(create));
  }

  set(path: string, data: Bytes, { version }: Pick<VersionOptions, 'version'> = {}): this {
    const set = { path, data: toBytes(data), version };
    return this.#add({ set }, bytesOf(set));
  }

  delete(path: string, { version }: Pick<VersionOptions, 'version'> = {}): this {
    return this.#add({ delete: { path, version } }, path.length);
  }

  plan(): OperationPlan<TransactionResult> {
    const body = { transact: { guards: this.#guards, operations: this.#operations } };
    return plan({ body, isWrite: true, bytes: this.#bytes, read: readTransaction });
  }

  #add(operation: Outgoing<wire.Operation>, bytes: number): this {
    this.#operations.push(operation);
    this.#bytes += bytes + 16;
    return this;
  }
}

function readTransaction(response: OperationResponse): TransactionResult {
  if (response.transact === undefined) throw unexpectedAnswer(response);
  const { results, revision } = response.transact;
  return { results: results.map(stepOf), revision };
}

function stepOf({ create, set }: wire.OperationResult): TransactionStep {
  if (create !== undefined)
    return { type: 'create', path: create.path, stat: statFrom(create.stat) };
  if (set !== undefined) return { type: 'set', stat: statFrom(set.stat) };
  return { type: 'delete' };
}
