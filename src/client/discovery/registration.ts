/**
 * One instance kept on the roll: desired state. A lost session is replaced and the instance registered
 * again; what others decide (another claim on the id, a removal) is accepted, reported and final.
 */
import { decodeInstance, instancePath, instanceUrl } from '../../codec/instance.js';
import { isRollcallError, RollcallError } from '../../types/errors.js';
import type { Instance, InstanceSpec, InstanceState } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';
import { delayMs, REGISTRATION_BACKOFF } from '../core/backoff.js';
import type { Connection } from '../core/connection.js';
import { StateCell } from '../core/states.js';
import type { Time } from '../core/time.js';
import { TreeWatch } from '../core/watch.js';
import type {
  CallOptions,
  InstancePatch,
  Registration,
  RegistrationState,
  TreeChange,
  WatchEvent,
} from '../types.js';
import { planDeregister, planRegister, planUpdate, type Registered } from './catalog-plans.js';

export interface RegistrationHost {
  readonly time: Time;
  readonly random: Random;
  /** The session it dies with. */
  take(): Connection;
  leave(connection: Connection): Promise<void>;
  ended(registration: ServiceRegistration): void;
}

export interface Claim {
  readonly takeover: boolean;
  readonly static: boolean;
}

const DRAIN_WAIT_MS = 250;
const LEAVE_MS_MAX = 1_500;
/** Reasons to try again later rather than to give up. */
const PASSING: ReadonlySet<string> = new Set(['TIMEOUT', 'SESSION_EXPIRED', 'CLOSED', 'MOVED']);

type Ending = 'REPLACED' | 'DEREGISTERED' | 'FAILED' | 'CLOSED';

export class ServiceRegistration implements Registration {
  readonly service: string;
  readonly id: string;
  readonly #host: RegistrationHost;
  readonly #claim: Claim;
  readonly #states = new StateCell<RegistrationState>('REGISTERING');
  readonly #controller = new AbortController();
  #spec: InstanceSpec;
  #connection: Connection;
  #registered: Registered | undefined;
  #watch: TreeWatch | undefined;
  #stateListener: Disposable | undefined;
  #reason: RollcallError | undefined;
  #failures = 0;

  constructor(host: RegistrationHost, spec: InstanceSpec, claim: Claim) {
    this.#host = host;
    this.#spec = spec;
    this.#claim = claim;
    this.service = spec.service;
    this.id = spec.id;
    this.#connection = host.take();
  }

  get url(): string {
    return instanceUrl(this.#spec);
  }

  get state(): RegistrationState {
    return this.#states.value;
  }

  get instance(): Instance {
    const registered = this.#registered;
    if (registered === undefined) throw new RollcallError('NO_INSTANCE', 'not registered yet');
    return registered.instance;
  }

  get revision(): number {
    return this.#registered?.revision ?? 0;
  }

  get reason(): RollcallError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  states(options: { readonly signal?: AbortSignal | undefined } = {}) {
    return this.#states.values(options.signal);
  }

  /** The first registration: its failure is the caller's to know. */
  async start(options: CallOptions): Promise<this> {
    try {
      this.#onRegistered(await this.#register(options));
      return this;
    } catch (error) {
      await this.#end('FAILED', asRollcallError(error));
      throw error;
    }
  }

  async set(patch: InstancePatch, options: CallOptions = {}): Promise<Instance> {
    const wanted = { ...this.#spec, ...withoutUndefined(patch) };
    // Kept from here on, also when the cluster cannot be told now: it is what is wanted.
    this.#spec = wanted;
    const { instance } = this;
    const plan = planUpdate(wanted, instance.incarnation);
    const revision = await this.#connection
      .call(plan, options)
      .catch((error) => this.#refused(error));
    const updated = { ...instance, ...wanted, url: instanceUrl(wanted), revision } as Instance;
    if (revision > this.revision) this.#registered = { instance: updated, revision };
    return updated;
  }

  setState(state: InstanceState, options?: CallOptions): Promise<Instance> {
    return this.set({ state }, options);
  }

  async drain(options: { readonly waitMs?: number | undefined } = {}): Promise<void> {
    if (this.#isOver) return;
    await this.announceDrain(options.waitMs);
    await this.close();
  }

  /** DRAINING, and time for callers to hear of it. */
  async announceDrain(waitMs = DRAIN_WAIT_MS): Promise<void> {
    try {
      await this.setState('DRAINING', { timeoutMs: LEAVE_MS_MAX });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    } catch (error) {
      // A cluster that cannot be told is left without a word; the session ends by itself.
      if (!isRollcallError(error)) throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    const { incarnation } = this.#registered?.instance ?? { incarnation: 0 };
    const connection = this.#connection;
    this.#stopListening();
    if (this.#registered !== undefined && connection.end === undefined) {
      const { service, id } = this;
      const plan = planDeregister({ service, id, incarnation, inSession: true });
      // Out of reach, it leaves by the end of its session instead.
      await connection.call(plan, { timeoutMs: LEAVE_MS_MAX }).catch(() => undefined);
    }
    await this.#end('CLOSED');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  #register(options: CallOptions): Promise<Registered> {
    return this.#connection.call(planRegister(this.#spec, this.#claim), options);
  }

  #onRegistered(registered: Registered): void {
    if (this.#isOver) return;
    this.#registered = registered;
    this.#failures = 0;
    this.#states.set('REGISTERED');
    this.#follow(registered.revision);
  }

  /** Watches its own node for what others do, and its session for its loss. */
  #follow(from: number): void {
    this.#stopListening();
    const connection = this.#connection;
    const { state } = connection.keeper;
    if (!this.#claim.static) this.#stateListener = state.listen(() => this.#onSession());
    const path = instancePath(this.service, this.id);
    this.#watch = new TreeWatch(connection, path, { scope: 'node', from });
    this.#watch.deliverTo({ event: (event) => this.#onEvent(event), ended: () => undefined });
    if (!this.#claim.static) this.#onSession();
  }

  #stopListening(): void {
    this.#stateListener?.[Symbol.dispose]();
    this.#stateListener = undefined;
    const watch = this.#watch;
    this.#watch = undefined;
    void watch?.close();
  }

  #onSession(): void {
    if (this.#isOver) return;
    const state = this.#connection.keeper.state.value;
    if (state === 'CONNECTED') this.#states.set('REGISTERED');
    else if (state === 'SUSPENDED') this.#states.set('SUSPENDED');
    else this.#registerAgain();
  }

  #registerAgain(): void {
    if (this.#isOver) return;
    this.#stopListening();
    this.#states.set('REGISTERING');
    const waitMs = this.#failures === 0 ? 0 : this.#backoffMs();
    this.#failures++;
    this.#host.time.after(waitMs, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    if (this.#isOver) return;
    try {
      if (this.#connection.end !== undefined) await this.#renewSession();
      this.#onRegistered(await this.#register({}));
    } catch (error) {
      if (this.#isOver) return;
      const failure = asRollcallError(error);
      if (failure.code === 'ID_IN_USE') await this.#end('REPLACED', failure);
      else if (failure.retryable || PASSING.has(failure.code)) this.#registerAgain();
      else await this.#end('FAILED', failure);
    }
  }

  async #renewSession(): Promise<void> {
    const former = this.#connection;
    this.#connection = this.#host.take();
    await this.#host.leave(former);
  }

  #backoffMs(): number {
    return delayMs(REGISTRATION_BACKOFF, this.#failures, this.#host.random);
  }

  #onEvent(event: WatchEvent): void {
    if (event.type === 'change') for (const change of event.changes) this.#onChange(change);
    if (event.type !== 'snapshot' || this.#isOver) return;
    const [node] = event.nodes;
    if (node === undefined) this.#registerAgain();
    else this.#onChange({ type: 'changed', path: node.path, node, cause: 'client' });
  }

  #onChange({ type, node, cause }: TreeChange): void {
    if (this.#isOver || this.#registered === undefined) return;
    const mine = this.#registered.instance;
    if (node.stat.incarnation !== mine.incarnation) {
      void this.#end('REPLACED', new RollcallError('REPLACED', 'another registration took the id'));
    } else if (type === 'deleted') this.#onDeleted(cause);
    else {
      const instance = decodeInstance(node);
      if (instance === undefined || instance.revision < this.#registered.revision) return;
      this.#registered = { instance, revision: instance.revision };
    }
  }

  /** The end of the session is told by the session; anything else is someone's decision. */
  #onDeleted(cause: string): void {
    if (cause !== 'client' && cause !== 'operator' && cause !== 'revoke') return;
    void this.#end('DEREGISTERED', new RollcallError('REPLACED', `it was removed: ${cause}`));
  }

  async #refused(error: unknown): Promise<never> {
    if (isRollcallError(error, 'REPLACED')) await this.#end('REPLACED', error);
    throw error;
  }

  async #end(ending: Ending, reason?: RollcallError): Promise<void> {
    if (this.#isOver) return;
    this.#reason = reason;
    this.#stopListening();
    this.#states.close(ending);
    this.#controller.abort(reason ?? new RollcallError('CLOSED', 'the registration was closed'));
    this.#host.ended(this);
    await this.#host.leave(this.#connection);
  }
}

function withoutUndefined(patch: InstancePatch): Partial<InstanceSpec> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

function asRollcallError(error: unknown): RollcallError {
  if (isRollcallError(error)) return error;
  return new RollcallError('INTERNAL', String(error), { cause: error });
}
