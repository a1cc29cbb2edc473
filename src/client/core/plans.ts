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
  TreeDeleteResult,
} from '../types.js';
import { check, checkOperation } from './checks.js';
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
  readonly isAct?: boolean | undefined;
  readonly bytes: number;
  readonly read: (response: OperationResponse) => T;
  /** The commonest are looked at by hand: it costs a tenth of looking at any message. */
  readonly isSound?: boolean;
}

export function plan<T>(parts: PlanParts<T>): OperationPlan<T> {
  const { body, isWrite, isAct, bytes, read } = parts;
  if (parts.isSound !== true) checkOperation(body);
  if (bytes > REQUEST_BYTES_MAX) {
    throw new RollcallError(
      'TOO_LARGE',
      `a request of about ${bytes} bytes; ${REQUEST_BYTES_MAX} is the limit`,
    );
  }
  const message = { id: 0, seq: 0, timeoutMs: 0, ...body };
  return { message, isWrite, isAct, bytes: ENVELOPE_BYTES + bytes, read };
}

export interface ReadTerms {
  /** 0 linearizable, 1 session. */
  readonly consistency: number;
  readonly floor: number;
}

/** Session reads never go back behind what this client has seen. */
export function readTerms({ consistency = 'linearizable' }: CallOptions, seen: Seen): ReadTerms {
  const isKnown = consistency === 'session' || consistency === 'linearizable';
  check('consistency', isKnown, 'linearizable or session');
  return consistency === 'session'
    ? { consistency: 1, floor: seen.revision }
    : { consistency: 0, floor: 0 };
}

export function planGet(path: string, terms: ReadTerms): OperationPlan<TreeNode | undefined> {
  const body = { get: { path, ...terms } };
  const isSound = typeof path === 'string';
  return plan({ body, isWrite: false, bytes: lengthOf(path), read: readGet, isSound });
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
  const { limit = 0, after = '', withData = false, recursive = false } = options;
  const body = { list: { path, ...terms, limit, after, withData, recursive } };
  return plan({ body, isWrite: false, bytes: lengthOf(path) + lengthOf(after), read: readList });
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
  const isSound = typeof path === 'string' && (version === undefined || isWhole(version));
  return plan({ body: { set }, isWrite: true, bytes: bytesOf(set), read: readSet, isSound });
}

export function planDelete(path: string, options: DeleteOptions): OperationPlan<TreeDeleteResult> {
  const { version, recursive = false } = options;
  const body = { delete: { path, version, recursive } };
  const read = (response: OperationResponse): TreeDeleteResult => readDelete(response, recursive);
  return plan({ body, isWrite: true, bytes: lengthOf(path), read });
}

export function planGetAcl(path: string, terms: ReadTerms): OperationPlan<AclResult> {
  const body = { getAcl: { path, ...terms } };
  return plan({ body, isWrite: false, bytes: lengthOf(path), read: readGetAcl });
}

export function planSetAcl(
  path: string,
  acl: readonly AclEntry[],
  version: number | undefined,
): OperationPlan<SetResult> {
  const body = { setAcl: { path, acl, version } };
  const bytes = lengthOf(path) + aclBytes(acl);
  return plan({ body, isWrite: true, bytes, read: readSet });
}

export function createMessage(
  path: string,
  data: Bytes,
  {
    kind = 'persistent',
    sequential = false,
    ttlMs = 0,
    acl = [],
  }: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs' | 'acl'>,
): Outgoing<wire.CreateRequest> & { readonly path: string; readonly data: Uint8Array } {
  return { path, data: toBytes(data), kind: NODE_KINDS.indexOf(kind), sequential, ttlMs, acl };
}

export function toBytes(data: Bytes): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  check('data', data instanceof Uint8Array, 'text or bytes');
  return data;
}

function isWhole(version: number): boolean {
  return Number.isSafeInteger(version) && version >= 0;
}

/** Of a path; what is none is refused with the rest of its request. */
export function lengthOf(text: string): number {
  return typeof text === 'string' ? text.length : 0;
}

export function bytesOf(message: { readonly path: string; readonly data: Uint8Array }): number {
  return lengthOf(message.path) + message.data.length;
}

function aclBytes(acl: readonly AclEntry[]): number {
  if (!Array.isArray(acl)) return 0;
  const lengths = acl.map((entry) => lengthOf(entry?.scheme) + lengthOf(entry?.id) + 16);
  return lengths.reduce((sum, length) => sum + length, 0);
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

function readDelete(response: OperationResponse, recursive: boolean): TreeDeleteResult {
  const revision = response.delete?.revision ?? response.done;
  if (revision === undefined) throw unexpectedAnswer(response);
  return { revision, nodes: recursive ? (response.delete?.nodes ?? 0) : 1 };
}

function readGetAcl(response: OperationResponse): AclResult {
  if (response.getAcl === undefined) throw unexpectedAnswer(response);
  const { acl, stat, revision } = response.getAcl;
  const plain = acl.map(({ scheme, id, permissions }) => ({ scheme, id, permissions }));
  return { acl: plain, stat: statFrom(stat), revision };
}
