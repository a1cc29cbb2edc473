/**
 * What each call on the tree sends, and how its answer is read. Messages are built once and sent as
 * they stand; the rest of the client never looks inside.
 */

import type * as wire from '../../gen/index.js';
import type { OperationResponse } from '../../gen/index.js';
import { NODE_KINDS, statFrom } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import { RollcallError } from '../../types/errors.js';
import { REQUEST_BYTES_MAX } from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';
import type {
  Bytes,
  CreateOptions,
  CreateResult,
  DeleteResult,
  Listing,
  ListOptions,
  SetResult,
} from '../types.js';
import { nodeOf } from './convert.js';
import { type OperationBody, type OperationPlan, unexpectedAnswer } from './operation.js';

/** What a message holds besides its text and data. */
const ENVELOPE_BYTES = 32;

/** Highest revision that any answer of this client has shown: the floor of its session reads. */
export interface Seen {
  revision: number;
}

interface PlanParts<T> {
  readonly body: OperationBody;
  readonly isWrite: boolean;
  readonly bytes: number;
  readonly read: (response: OperationResponse) => T;
}

export function plan<T>({ body, isWrite, bytes, read }: PlanParts<T>): OperationPlan<T> {
  if (bytes > REQUEST_BYTES_MAX) {
    throw new RollcallError(
      'TOO_LARGE',
      `a request of about ${bytes} bytes; ${REQUEST_BYTES_MAX} is the limit`,
    );
  }
  const message = { id: 0, seq: 0, timeoutMs: 0, ...body };
  return { message, isWrite, bytes: ENVELOPE_BYTES + bytes, read };
}

export interface ReadTerms {
  /** 0 linearizable, 1 session. */
  readonly consistency: number;
  readonly floor: number;
}

export function planGet(path: string, terms: ReadTerms): OperationPlan<TreeNode | undefined> {
  const body = { get: { path, ...terms } };
  return plan({ body, isWrite: false, bytes: path.length, read: readGet });
}

/** A read that any living member answers at once. */
export function planProbe(): OperationPlan<void> {
  const body = { get: { path: '/', consistency: 1, floor: 0 } };
  return plan({ body, isWrite: false, bytes: 1, read: () => undefined });
}

export function planList(
  path: string,
  options: ListOptions,
  terms: ReadTerms,
): OperationPlan<Listing> {
  const { limit = 0, after = '', withData = false } = options;
  const body = { list: { path, ...terms, limit, after, withData } };
  return plan({ body, isWrite: false, bytes: path.length + after.length, read: readList });
}

export function planCreate(
  path: string,
  data: Bytes,
  options: CreateOptions,
): OperationPlan<CreateResult> {
  const create = createMessage(path, data, options);
  return plan({ body: { create }, isWrite: true, bytes: bytesOf(create), read: readCreate });
}

export function planSet(
  path: string,
  data: Bytes,
  version: number | undefined,
): OperationPlan<SetResult> {
  const set = { path, data: toBytes(data), version };
  return plan({ body: { set }, isWrite: true, bytes: bytesOf(set), read: readSet });
}

export function planDelete(path: string, version: number | undefined): OperationPlan<DeleteResult> {
  const body = { delete: { path, version } };
  return plan({ body, isWrite: true, bytes: path.length, read: readDelete });
}

export function createMessage(
  path: string,
  data: Bytes,
  {
    kind = 'persistent',
    sequential = false,
    ttlMs = 0,
  }: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs'>,
): Outgoing<wire.CreateRequest> & { readonly path: string; readonly data: Uint8Array } {
  return { path, data: toBytes(data), kind: NODE_KINDS.indexOf(kind), sequential, ttlMs };
}

export function toBytes(data: Bytes): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
}

export function bytesOf(message: { readonly path: string; readonly data: Uint8Array }): number {
  return message.path.length + message.data.length;
}

function readGet(response: OperationResponse): TreeNode | undefined {
  if (response.get === undefined) throw unexpectedAnswer(response);
  return response.get.node === undefined ? undefined : nodeOf(response.get.node);
}

function readList(response: OperationResponse): Listing {
  if (response.list === undefined) throw unexpectedAnswer(response);
  const { nodes, revision, nextAfter } = response.list;
  const next = nextAfter === '' ? undefined : nextAfter;
  return { nodes: nodes.map((node) => nodeOf(node)), revision, next };
}

export function readCreate(response: OperationResponse): CreateResult {
  if (response.create === undefined) throw unexpectedAnswer(response);
  const { path, stat, revision } = response.create;
  return { path, stat: statFrom(stat), revision };
}

function readSet(response: OperationResponse): SetResult {
  if (response.set === undefined) throw unexpectedAnswer(response);
  return { stat: statFrom(response.set.stat), revision: response.set.revision };
}

function readDelete(response: OperationResponse): DeleteResult {
  const revision = response.delete?.revision ?? response.done;
  if (revision === undefined) throw unexpectedAnswer(response);
  return { revision };
}
