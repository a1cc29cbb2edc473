/**
 * Asking for an id on the roll, and taking back what was asked for: a claim whose answer nobody waits
 * for must not stand in a session that lives on for others.
 */
import { instancePath } from '../../codec/instance.js';
import type { InstanceSpec } from '../../types/instance.js';
import { onAbort } from '../core/aborts.js';
import type { Connection } from '../core/connection.js';
import { TransactionBuilder } from '../core/transaction.js';
import type { CallOptions } from '../types.js';
import { planRegister, type Registered } from './catalog-plans.js';

export interface Claim {
  readonly takeover: boolean;
  readonly static: boolean;
}

/** How long leaving the roll may take; out of reach, an instance leaves by the end of its session. */
export const LEAVE_MS_MAX = 1_500;

export interface ClaimTerms extends CallOptions {
  readonly spec: InstanceSpec;
  readonly claim: Claim;
  /** Aborts when nobody wants it any more. */
  readonly over: AbortSignal;
}

export async function askForId(connection: Connection, terms: ClaimTerms): Promise<Registered> {
  const { spec, claim, over, signal, timeoutMs } = terms;
  const call = new AbortController();
  const end = (): void => call.abort(signal?.reason ?? over.reason);
  const sources = signal === undefined ? [over] : [over, signal];
  const unlisten = sources.map((each) => onAbort(each, end));
  if (sources.some(({ aborted }) => aborted)) end();
  try {
    return await connection.call(planRegister(spec, claim), { timeoutMs, signal: call.signal });
  } finally {
    for (const stop of unlisten) stop();
  }
}

/** Removes the id if this session has it; goes after whatever was sent before. */
export async function takeBack(
  connection: Connection,
  { service, id }: { readonly service: string; readonly id: string },
): Promise<void> {
  const owner = connection.keeper.id;
  if (owner === undefined || connection.end !== undefined) return;
  const path = instancePath(service, id);
  const plan = new TransactionBuilder().check(path, { owner }).delete(path).plan();
  await connection.call(plan, { timeoutMs: LEAVE_MS_MAX }).catch(() => undefined);
}
