/** The calls on nodes over one connection: what the client and its sessions have in common. */
import { RollcallError } from '../../types/errors.js';
import type { AclEntry, TreeNode } from '../../types/node.js';
import type {
  AclResult,
  Bytes,
  CallOptions,
  CreateOptions,
  CreateResult,
  DeleteOptions,
  Listing,
  ListOptions,
  SetResult,
  Transaction,
  TransactionResult,
  Tree,
  TreeDeleteResult,
  VersionOptions,
  Watch,
  WatchOptions,
} from '../types.js';
import { check, checkWatch } from './checks.js';
import type { Connection } from './connection.js';
import type { Namespace } from './namespace.js';
import type { OperationPlan } from './operation.js';
import {
  planCreate,
  planDelete,
  planGet,
  planGetAcl,
  planList,
  planSet,
  planSetAcl,
  readTerms,
} from './plans.js';
import { TransactionBuilder } from './transaction.js';
import { TreeWatch } from './watch.js';

export class TreeCalls implements Tree {
  readonly #connection: Connection;
  readonly #namespace: Namespace;

  constructor(connection: Connection, namespace: Namespace) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  get(path: string, options: CallOptions = {}): Promise<TreeNode | undefined> {
    const plan = () => planGet(this.#namespace.full(path), readTerms(options, this.#seen));
    const found = this.#call(plan, options).catch(absent);
    return this.#shown(found, (node) => node && this.#namespace.node(node));
  }

  list(path: string, options: ListOptions = {}): Promise<Listing> {
    const { recursive = false, after } = options;
    const namespace = this.#namespace;
    const begin = recursive && after !== undefined ? namespace.full(after) : after;
    const terms = { ...options, after: begin };
    const plan = () => planList(namespace.full(path), terms, readTerms(options, this.#seen));
    return this.#shown(this.#call(plan, options), ({ nodes, revision, next }) => ({
      nodes: nodes.map((node) => namespace.node(node)),
      revision,
      next: recursive && next !== undefined ? namespace.shown(next) : next,
    }));
  }

  create(path: string, data: Bytes = '', options: CreateOptions = {}): Promise<CreateResult> {
    const plan = () => planCreate(this.#namespace.full(path), data, options);
    return this.#shown(this.#call(plan, options), (created) => ({
      ...created,
      path: this.#namespace.shown(created.path),
    }));
  }

  set(path: string, data: Bytes, options: VersionOptions = {}): Promise<SetResult> {
    return this.#call(() => planSet(this.#namespace.full(path), data, options.version), options);
  }

  delete(path: string, options: DeleteOptions = {}): Promise<TreeDeleteResult> {
    return this.#call(() => planDelete(this.#namespace.full(path), options), options);
  }

  acl(path: string, options: CallOptions = {}): Promise<AclResult | undefined> {
    const plan = () => planGetAcl(this.#namespace.full(path), readTerms(options, this.#seen));
    return this.#call(plan, options).catch(absent);
  }

  setAcl(path: string, acl: readonly AclEntry[], options: VersionOptions = {}): Promise<SetResult> {
    return this.#call(() => planSetAcl(this.#namespace.full(path), acl, options.version), options);
  }

  transact(build: (t: Transaction) => void, options: CallOptions = {}): Promise<TransactionResult> {
    const plan = (): OperationPlan<TransactionResult> => {
      const builder = new TransactionBuilder(this.#namespace);
      checkBuilt(build(builder));
      return builder.plan();
    };
    return this.#call(plan, options);
  }

  watch(path: string, options: WatchOptions = {}): Watch {
    checkWatch(path, options);
    return new TreeWatch(this.#connection.watches, path, {
      ...options,
      namespace: this.#namespace,
    });
  }

  get #seen() {
    return this.#connection.seen;
  }

  #shown<T>(call: Promise<T>, show: (value: T) => T): Promise<T> {
    return this.#namespace.isNone ? call : call.then(show);
  }

  /** A request that cannot be made rejects like one that fails. */
  #call<T>(plan: () => OperationPlan<T>, options: CallOptions): Promise<T> {
    try {
      return this.#connection.call(plan(), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** What it would add later would be left out without a word. */
function checkBuilt(built: unknown): void {
  const isLater = built instanceof Promise;
  if (isLater) built.catch(() => undefined);
  check('build', !isLater, 'a function that is not async');
}

function absent(error: unknown): undefined {
  if (error instanceof RollcallError && error.code === 'NO_NODE') return undefined;
  throw error;
}
