/**
 * Asking for an id on the roll, and taking back what was asked for: a claim whose answer nobody waits
 * for must not stand in a session that lives on for others.
 */
import { decodeInstance, instancePath } from '../../codec/instance.js';
import type { InstanceSpec } from '../../types/instance.js';
import { onAbort } from '../core/aborts.js';
import type { Connection } from '../core/connection.js';
import { planGet } from '../core/plans.js';
import { TransactionBuilder } from '../core/transaction.js';
import type { CallOptions } from '../types.js';
import { planDeregister, planRegister, type Registered } from './catalog-plans.js';

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

/** Removes what was asked for if it stands; goes after whatever was sent before. */
export async function takeBack(
  connection: Connection,
  spec: InstanceSpec,
  claim: Claim,
): Promise<void> {
  if (connection.end !== undefined) return;
  const taken = claim.static ? takeBackStatic(connection, spec) : takeBackOwned(connection, spec);
  await taken.catch(() => undefined);
}

/** If this session has the id. */
async function takeBackOwned(connection: Connection, { service, id }: InstanceSpec): Promise<void> {
  const owner = connection.keeper.id;
  if (owner === undefined) return;
  const path = instancePath(service, id);
  const plan = new TransactionBuilder().check(path, { owner }).delete(path).plan();
  await connection.call(plan, { timeoutMs: LEAVE_MS_MAX });
}

/** If it is the one that was asked for: no session tells whose it is, but what it says of itself does. */
async function takeBackStatic(connection: Connection, spec: InstanceSpec): Promise<void> {
  const { service, id } = spec;
  const terms = { timeoutMs: LEAVE_MS_MAX };
  const linearizable = { consistency: 0, floor: 0 };
  const node = await connection.call(planGet(instancePath(service, id), linearizable), terms);
  const found = node === undefined ? undefined : decodeInstance(node);
  if (found === undefined || node?.stat.kind === 'ephemeral' || !isSame(found, spec)) return;
  const { incarnation } = found;
  await connection.call(planDeregister({ service, id, incarnation, inSession: false }), terms);
}

function isSame(found: InstanceSpec, { address, port, registeredAt }: InstanceSpec): boolean {
  return found.address === address && found.port === port && found.registeredAt === registeredAt;
}
