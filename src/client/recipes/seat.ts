/**
 * One node in a line, from its creation to its end. Creating and deleting it are never given up halfway:
 * the session applies each exactly once or ends, and the node with it, so nothing is left behind by a
 * caller that has gone. Invariant: `signal` aborts before the node is given up by our own side.
 */
import { randomBytes } from 'node:crypto';
import { isRollcallError, RollcallError } from '../../types/errors.js';
import type { Cause } from '../../types/event.js';
import { nameOf, parentPath, ROOT } from '../../types/path.js';
import { closed, sessionEnded } from '../core/reasons.js';
import type { Bytes, CreateResult, Session } from '../types.js';
import { onceGone, patient } from './line.js';

export interface SeatTerms {
  readonly path: string;
  /** How the name of the node begins. */
  readonly kind: string;
  readonly data: Bytes;
}

/** The node is gone, or goes with its session, which nobody keeps alive any more. */
const GONE: ReadonlySet<string> = new Set(['NO_NODE', 'SESSION_EXPIRED', 'MOVED', 'CLOSED']);
const SESSION_ENDS: ReadonlySet<Cause> = new Set<Cause>(['close', 'expiry', 'grace', 'revoke']);
/** An emptied container may be reaped while somebody comes. */
const JOINS_MAX = 5;

export class Seat {
  readonly path: string;
  readonly createRevision: number;
  readonly session: Session;
  readonly #controller = new AbortController();
  readonly #watch: Disposable;
  #left: Promise<void> | undefined;

  constructor(session: Session, { path, stat, revision }: CreateResult) {
    this.path = path;
    this.createRevision = stat.createRevision;
    this.session = session;
    const standing = { path, createRevision: stat.createRevision, revision };
    this.#watch = onceGone(session, standing, {
      gone: (cause) => this.#end(whyGone(path, cause)),
      ended: (error) => this.#end(error ?? closed()),
    });
  }

  /** Aborts when the node is gone, may be gone, or is given up; with the reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the node is gone, or goes with its session. */
  leave(): Promise<void> {
    // Known before anybody is told, who may call this again; carried out after.
    this.#left ??= Promise.resolve().then(() => remove(this.session, this.path));
    this.#watch[Symbol.dispose]();
    this.#end(closed());
    return this.#left;
  }

  #end(reason: Error): void {
    this.#controller.abort(reason);
  }
}

function whyGone(path: string, cause: Cause | undefined): RollcallError {
  if (cause !== undefined && SESSION_ENDS.has(cause)) return sessionEnded(cause);
  return new RollcallError('NO_NODE', `somebody removed ${path}`);
}

/** The parents are made as containers, so that they go when nobody stands there any more. */
export async function join(session: Session, terms: SeatTerms): Promise<Seat> {
  for (let joins = 1; ; joins++) {
    try {
      return new Seat(session, await createOnce(session, terms));
    } catch (error) {
      if (!isRollcallError(error, 'NO_PARENT') || joins === JOINS_MAX) throw error;
      await createContainers(session, terms.path);
    }
  }
}

async function createOnce(session: Session, terms: SeatTerms): Promise<CreateResult> {
  const name = `${terms.kind}-${randomBytes(4).toString('hex')}-`;
  const options = { ...patient(), sequential: true };
  try {
    return await session.create(`${terms.path}/${name}`, terms.data, options);
  } catch (error) {
    const isUnknown = isRollcallError(error) && error.outcome === 'unknown';
    if (isUnknown && !session.signal.aborted) await removeNamed(session, terms.path, name);
    throw error;
  }
}

/** The cluster no longer knows what became of a create: its node, if there is one, has this name. */
async function removeNamed(session: Session, path: string, name: string): Promise<void> {
  const { nodes } = await session.list(path, { ...patient(), after: name, limit: 1 });
  const found = nodes.find((node) => nameOf(node.path).startsWith(name));
  if (found !== undefined) await remove(session, found.path);
}

async function remove(session: Session, path: string): Promise<void> {
  if (session.signal.aborted) return;
  try {
    await session.delete(path, patient());
  } catch (error) {
    if (!isRollcallError(error) || !GONE.has(error.code)) throw error;
  }
}

async function createContainers(session: Session, path: string): Promise<void> {
  const parent = parentPath(path);
  if (parent !== undefined && parent !== ROOT) await createContainers(session, parent);
  try {
    await session.create(path, '', { ...patient(), kind: 'container' });
  } catch (error) {
    if (!isRollcallError(error, 'NODE_EXISTS')) throw error;
  }
}
