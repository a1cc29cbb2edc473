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
import { type Namespace, NO_NAMESPACE } from './namespace.js';
import { type OperationPlan, unexpectedAnswer } from './operation.js';
import { bytesOf, createMessage, lengthOf, plan, toBytes } from './plans.js';

export class TransactionBuilder implements Transaction {
  readonly #namespace: Namespace;
  readonly #guards: Outgoing<wire.Guard>[] = [];
  readonly #operations: Outgoing<wire.Operation>[] = [];
  #bytes = 0;

  constructor(namespace = NO_NAMESPACE) {
    this.#namespace = namespace;
  }

  check(path: string, { data, ...conditions }: GuardConditions): this {
    const bytes = data === undefined ? undefined : toBytes(data);
    this.#guards.push({ ...conditions, path: this.#namespace.full(path), data: bytes });
    this.#bytes += lengthOf(path) + (bytes?.length ?? 0) + 32;
    return this;
  }

  create(
    path: string,
    data: Bytes = '',
    options: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs'> = {},
  ): this {
    const create = createMessage(this.#namespace.full(path), data, options);
    return this.#add({ create }, bytesOf(create));
  }

  set(path: string, data: Bytes, { version }: Pick<VersionOptions, 'version'> = {}): this {
    const set = { path: this.#namespace.full(path), data: toBytes(data), version };
    return this.#add({ set }, bytesOf(set));
  }

  delete(path: string, { version }: Pick<VersionOptions, 'version'> = {}): this {
    return this.#add({ delete: { path: this.#namespace.full(path), version } }, lengthOf(path));
  }

  plan(): OperationPlan<TransactionResult> {
    const body = { transact: { guards: this.#guards, operations: this.#operations } };
    const read = (response: OperationResponse) => readTransaction(response, this.#namespace);
    return plan({ body, isWrite: true, bytes: this.#bytes, read });
  }

  #add(operation: Outgoing<wire.Operation>, bytes: number): this {
    this.#operations.push(operation);
    this.#bytes += bytes + 16;
    return this;
  }
}

function readTransaction(response: OperationResponse, namespace: Namespace): TransactionResult {
  if (response.transact === undefined) throw unexpectedAnswer(response);
  const { results, revision } = response.transact;
  return { results: results.map((result) => stepOf(result, namespace)), revision };
}

function stepOf({ create, set }: wire.OperationResult, namespace: Namespace): TransactionStep {
  if (create !== undefined) {
    const path = namespace.shown(create.path);
    return { type: 'create', path, stat: statFrom(create.stat) };
  }
  if (set !== undefined) return { type: 'set', stat: statFrom(set.stat) };
  return { type: 'delete' };
}
