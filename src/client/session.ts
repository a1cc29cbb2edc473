/**
 * A session as its owner sees it: the tree's calls, with ephemeral nodes by default, and a signal that
 * aborts when the session is lost or closed.
 */
import { RollcallError } from '../types/errors.js';
import { aborted } from './core/calls.js';
import type { Connection } from './core/connection.js';
import { within } from './core/limit.js';
import type { Namespace } from './core/namespace.js';
import { closed } from './core/reasons.js';
import { TreeCalls } from './core/tree-calls.js';
import type { Bytes, CreateOptions, CreateResult, Session, SessionState } from './types.js';

export class OwnSession extends TreeCalls implements Session {
  readonly #connection: Connection;
  readonly #controller = new AbortController();
  readonly #listener: Disposable;
  readonly #onEnd: () => void;

  constructor(connection: Connection, namespace: Namespace, onEnd: () => void) {
    super(connection, namespace);
    this.#connection = connection;
    this.#onEnd = onEnd;
    this.#listener = connection.keeper.state.listen(() => this.#check());
    this.#check();
  }

  get id(): number {
    return this.#connection.keeper.id ?? 0;
  }

  get timeoutMs(): number {
    return this.#connection.keeper.timeoutMs;
  }

  get state(): SessionState {
    return this.#connection.keeper.state.value;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  states(options: { readonly signal?: AbortSignal | undefined } = {}) {
    return this.#connection.keeper.state.reader(options.signal);
  }

  override create(
    path: string,
    data: Bytes = '',
    options: CreateOptions = {},
  ): Promise<CreateResult> {
    return super.create(path, data, { kind: 'ephemeral', ...options });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #check(): void {
    if (this.state !== 'LOST' && this.state !== 'CLOSED') return;
    this.#listener?.[Symbol.dispose]();
    const reason = this.#connection.end ?? new RollcallError('CLOSED', 'the session was closed');
    this.#controller.abort(reason);
    this.#onEnd();
  }
}

/** Resolves when the session is open; otherwise it is closed and the reason thrown. */
export async function opened(
  connection: Connection,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const isSettled = (state: SessionState): boolean => state !== 'SUSPENDED';
  const state = await within({ timeoutMs, signal }, (limit) =>
    connection.keeper.state.until(isSettled, limit),
  );
  if (state === 'CONNECTED') return;
  if (state === 'CLOSED') throw closed();
  await connection.close();
  if (signal?.aborted === true) throw aborted(signal);
  throw connection.failure(`the session was not opened within ${timeoutMs} ms`);
}
