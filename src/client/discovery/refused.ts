/**
 * Whether a call failed before the instance could have seen it: only then may it be repeated elsewhere
 * without asking whether it is idempotent.
 */
import type { Instance } from '../../types/instance.js';

const REFUSED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** How far causes are followed: fetch wraps once, dual-stack connects once more. */
const DEPTH_MAX = 4;

/** A refusal by anybody else than the instance proves nothing: the instance may have been called before. */
export function wasRefusedBy({ port, ports }: Instance, error: unknown): boolean {
  const refusedPort = portOf(error);
  const isIts = refusedPort === port || Object.values(ports).some((each) => each === refusedPort);
  return wasRefused(error) && (refusedPort === undefined || isIts);
}

function portOf(error: unknown, depth = 0): number | undefined {
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return undefined;
  const { port, cause, errors } = error as Record<string, unknown>;
  if (typeof port === 'number') return port;
  return portOf(Array.isArray(errors) ? errors[0] : cause, depth + 1);
}

export function wasRefused(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return false;
  const { code, cause, errors } = error as Record<string, unknown>;
  if (REFUSED.has(code)) return true;
  if (Array.isArray(errors) && errors.length > 0) {
    return errors.every((each) => wasRefused(each, depth + 1));
  }
  return wasRefused(cause, depth + 1);
}
