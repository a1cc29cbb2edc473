/** The calls on nodes over one connection: what the client and its sessions have in common. */
import { RollcallError } from '../../types/errors.js';
import type { TreeNode } from '../../types/node.js';
import type {
  Bytes,
  CallOptions,
  CreateOptions,
  CreateResult,
  DeleteResult,
  Listing,
  ListOptions,
  SetResult,
  Transaction,
  TransactionResult,
  Tree,
  VersionOptions,
  Watch,
  WatchOptions,
} from '../types.js';
import type { Connection } from './connection.js';
import type { OperationPlan } from './operation.js';
import { planCreate, planDelete, planGet, planList, planSet, type ReadTerms } from './plans.js';
import { TransactionBuilder } from './transaction.js';
import { TreeWatch } from './watch.js';

export class TreeCalls implements Tree {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(path: string, options: CallOptions = {}): Promise<TreeNode | undefined> {
    return this.#call(() => planGet(path, this.#terms(options)), options).catch(absent);
  }

  list(path: string, options: ListOptions = {}): Promise<Listing> {
    return this.#call(() => planList(path, options, this.#terms(options)), options);
  }

  create(path: string, data: Bytes = '', options: CreateOptions = {}): Promise<CreateResult> {
    return this.#call(() => planCreate(path, data, options), options);
  }

  set(path: string, data: Bytes, options: VersionOptions = {}): Promise<SetResult> {
    return this.#call(() => planSet(path, data, options.version), options);
  }

  delete(path: string, options: VersionOptions = {}): Promise<DeleteResult> {
    return this.#call(() => planDelete(path, options.version), options);
  }

  transact(build: (t: Transaction) => void, options: CallOptions = {}): Promise<TransactionResult> {
    const plan = (): OperationPlan<TransactionResult> => {
      const builder = new TransactionBuilder();
      build(builder);
      return builder.plan();
    };
    return this.#call(plan, options);
  }

  watch(path: string, options: WatchOptions = {}): Watch {
    return new TreeWatch(this.#connection, path, options);
  }

  /** A request that cannot be made rejects like one that fails. */
  #call<T>(plan: () => OperationPlan<T>, options: CallOptions): Promise<T> {
    try {
      return this.#connection.call(plan(), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #terms({ consistency }: CallOptions): ReadTerms {
    return consistency === 'session'
      ? { consistency: 1, floor: this.#connection.seen.revision }
      : { consistency: 0, floor: 0 };
  }
}

function absent(error: unknown): undefined {
  if (error instanceof RollcallError && error.code === 'NO_NODE') return undefined;
  throw error;
}
