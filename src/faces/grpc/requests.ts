/**
 * From messages to requests of the service. What a client wrote is checked here, before it is encoded
 * for the log; whatever does not pass becomes an error for that request alone.
 */
import { encodeBody, validateBody } from '../../codec/command.js';
import * as wire from '../../gen/index.js';
import type { Query, ReadRequest, WriteRequest } from '../../server/service.js';
import type { CommandBody } from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision } from '../../types/ids.js';
import { invalid } from './status.js';

/** What every request carries besides what it asks. */
export interface Frame {
  readonly id: number;
  /** 0: anonymous. */
  readonly seq: number;
  readonly timeoutMs: number;
}

export function writeRequest(
  body: CommandBody | RollcallError,
  { id, seq, timeoutMs }: Frame,
): WriteRequest | RollcallError {
  if (body instanceof RollcallError) return body;
  const problem = validateBody(body);
  if (problem !== undefined) return problem;
  return { type: 'write', id, seq, timeoutMs, kind: body.kind, body: encodeBody(body) };
}

/** What every read says about how fresh it must be. */
interface Freshness {
  readonly consistency: number;
  readonly floor: number;
}

export function readRequest(
  query: Query | RollcallError,
  { consistency, floor }: Freshness,
  { id, timeoutMs }: Frame,
): ReadRequest | RollcallError {
  if (query instanceof RollcallError) return query;
  const isSession = consistency === wire.Consistency.CONSISTENCY_SESSION;
  if (!isSession && consistency !== wire.Consistency.CONSISTENCY_LINEARIZABLE) {
    return invalid(`unknown consistency ${consistency}`);
  }
  const wanted = isSession ? 'session' : 'linearizable';
  return { type: 'read', id, timeoutMs, query, consistency: wanted, floor: asRevision(floor) };
}
