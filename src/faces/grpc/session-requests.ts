/** Opening, attaching, touching, looking at and ending sessions, as requests of the service. */
import { createHash } from 'node:crypto';
import { validateBody } from '../../codec/command.js';
import type * as wire from '../../gen/index.js';
import type {
  AttachSessionRequest,
  OpenSessionRequest,
  ReadRequest,
  TouchSessionRequest,
} from '../../server/service.js';
import type { RevokeSession } from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asSessionId } from '../../types/ids.js';
import {
  SESSION_SECRET_BYTES_MAX,
  SESSION_SECRET_BYTES_MIN,
  SESSION_TIMEOUT_MS_DEFAULT,
} from '../../types/limits.js';
import { type Frame, readRequest } from './requests.js';
import { invalid } from './status.js';

/** `peer`: stands for what a client does not say of itself. */
export function openRequest(
  message: wire.OpenSessionRequest,
  { id, timeoutMs }: Frame,
  peer: string,
): OpenSessionRequest | RollcallError {
  const secretHash = hashSecret(message.secret);
  if (secretHash instanceof RollcallError) return secretHash;
  const timeoutMsWanted = message.timeoutMs || SESSION_TIMEOUT_MS_DEFAULT;
  const { graceMs } = message;
  const label = message.label || peer;
  const times = { timeoutMs: timeoutMsWanted, graceMs };
  const body = { kind: 'openSession', secretHash, ...times, label } as const;
  const problem = validateBody(body);
  if (problem !== undefined) return problem;
  return { type: 'openSession', id, timeoutMs, secretHash, timeoutMsWanted, graceMs, label };
}

interface Claim {
  readonly session: number;
  readonly secret: Uint8Array;
}

export function attachRequest(
  message: Claim,
  { id, timeoutMs }: Frame,
): AttachSessionRequest | RollcallError {
  const secretHash = hashSecret(message.secret);
  if (secretHash instanceof RollcallError) return secretHash;
  const session = asSessionId(message.session);
  return { type: 'attachSession', id, timeoutMs, session, secretHash };
}

export function touchRequest(
  message: Claim,
  { id, timeoutMs }: Frame,
): TouchSessionRequest | RollcallError {
  const secretHash = hashSecret(message.secret);
  if (secretHash instanceof RollcallError) return secretHash;
  const session = asSessionId(message.session);
  return { type: 'touchSession', id, timeoutMs, session, secretHash };
}

export function listSessionsRequest(
  message: wire.ListSessionsRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { after, limit } = message;
  return readRequest({ type: 'sessions', after: asSessionId(after), limit }, message, frame);
}

export function getSessionRequest(
  message: wire.GetSessionRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { after, limit } = message;
  const session = asSessionId(message.session);
  return readRequest({ type: 'session', session, after, limit }, message, frame);
}

export function revokeBody(message: wire.RevokeSessionRequest): RevokeSession {
  const { who, reason } = message;
  return { kind: 'revokeSession', session: asSessionId(message.session), who, why: reason };
}

/** Secrets end here: everything behind sees their hash. */
export function hashSecret(secret: Uint8Array): Uint8Array | RollcallError {
  const { length } = secret;
  if (length < SESSION_SECRET_BYTES_MIN || length > SESSION_SECRET_BYTES_MAX) {
    return invalid(
      `a secret has ${SESSION_SECRET_BYTES_MIN} to ${SESSION_SECRET_BYTES_MAX} bytes, not ${length}`,
    );
  }
  return createHash('sha256').update(secret).digest();
}
