/** Opening, attaching, touching and closing sessions, as requests of the service. */

import { validateBody } from '../../codec/command.js';
import type * as wire from '../../gen/index.js';
import type {
  AttachSessionRequest,
  OpenSessionRequest,
  TouchSessionRequest,
} from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { asSessionId } from '../../types/ids.js';
import { SESSION_TIMEOUT_MS_DEFAULT } from '../../types/limits.js';
import { type Frame, hashSecret } from './requests.js';

export function openRequest(
  message: wire.OpenSessionRequest,
  { id, timeoutMs }: Frame,
): OpenSessionRequest | RollcallError {
  const secretHash = hashSecret(message.secret);
  if (secretHash instanceof RollcallError) return secretHash;
  const timeoutMsWanted = message.timeoutMs || SESSION_TIMEOUT_MS_DEFAULT;
  const { graceMs } = message;
  const label = '';
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
