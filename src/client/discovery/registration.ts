/**
 * One instance kept on the roll: desired state. A lost session is replaced and the instance registered
 * again; what others decide (another claim on the id, a removal) is accepted, reported and final.
 */
import { decodeInstance, instancePath, instanceUrl } from '../../codec/instance.js';
import { isRollcallError, RollcallError } from '../../types/errors.js';
import type { Instance, InstanceSpec, InstanceState } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';
import { delayMs, REGISTRATION_BACKOFF } from '../core/backoff.js';
import { checkWhole } from '../core/checks.js';
import type { Connection } from '../core/connection.js';
import { within } from '../core/limit.js';
import { closed } from '../core/reasons.js';
import { StateCell } from '../core/states.js';
import type { Time } from '../core/time.js';
import { TreeWatch } from '../core/watch.js';
import type {
  CallOptions,
  ClientLogger,
  InstancePatch,
  Registration,
  RegistrationDescription,
  RegistrationState,
  TreeChange,
  WatchEvent,
} from '../types.js';
import { planDeregister, planUpdate, type Registered } from './catalog-plans.js';
import { askForId, type Claim, LEAVE_MS_MAX, takeBack } from './claim.js';
import { patched } from './patch.js';

export interface RegistrationHost {
  readonly time: Time;
  readonly random: Random;
  /** The session it dies with. */
  take(): Connection;
  leave(connection: Connection): Promise<void>;
  ended(registration: ServiceRegistration): void;
  readonly log: ClientLogger;
}

const DRAIN_WAIT_MS = 250;
/** For a change that waits for its instance to be registered again. */
const WRITE_MS_DEFAULT = 5_000;
/** Reasons to try again later rather than to give up. */
const PASSING: ReadonlySet<string> = new Set(['TIMEOUT', 'SESSION_EXPIRED', 'CLOSED', 'MOVED']);

/** Causes of a removal that somebody decided on, in words. */
const DECISIONS: Readonly<Partial<Record<string, string>>> = {
  client: 'a client deleted it',
  operator: 'an operator removed it',
  revoke: 'an operator ended its session',
};

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
  #isClosing = false;
  #ended: Promise<void> = Promise.resolve();
  /** An id was asked for, and whether it was given is not known. */
  #mayStand = false;

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
    return this.#states.reader(options.signal);
  }

  /** The first registration: its failure is the caller's to know. */
  async start(options: CallOptions): Promise<this> {
    try {
      this.#onRegistered(await this.#register(options));
    } catch (error) {
      const failure = this.#isClosing ? closed() : asRollcallError(error);
      // What is left to be done is not the caller's to wait for.
      void this.#end('FAILED', failure);
      throw failure;
    }
    if (this.#isOver) throw closed();
    return this;
  }

  /** What cannot be told to the cluster now is kept, and told with the next registration. */
  async set(patch: InstancePatch, options: CallOptions = {}): Promise<Instance> {
    const former = this.#spec;
    const wanted = patched(former, patch);
    this.#spec = wanted;
    try {
      if (this.state === 'REGISTERING') await this.#untilRegistered(options);
      return await this.#write(wanted, options);
    } catch (error) {
      const isRefused = isRollcallError(error) && !isPassing(error);
      if (isRefused && error.outcome === 'not-applied' && this.#spec === wanted) {
        this.#spec = former;
      }
      throw error;
    }
  }

  setState(state: InstanceState, options?: CallOptions): Promise<Instance> {
    return this.set({ state }, options);
  }

  async drain(options: { readonly waitMs?: number | undefined } = {}): Promise<void> {
    checkWhole('waitMs', options.waitMs);
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
    if (this.#isOver) return this.#ended;
    this.#isClosing = true;
    const connection = this.#connection;
    this.#stopListening();
    if (this.#registered !== undefined && !this.#mayStand && connection.end === undefined) {
      const { service, id } = this;
      const { incarnation } = this.#registered.instance;
      const plan = planDeregister({ service, id, incarnation, inSession: true });
      await connection.call(plan, { timeoutMs: LEAVE_MS_MAX }).catch(() => undefined);
    }
    await this.#end('CLOSED');
  }

  /** Its client closes: what is static stays on the roll, unless nobody was told that it is there. */
  async letGo(): Promise<void> {
    if (this.#claim.static) await this.#end('CLOSED');
    else await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  describe(): RegistrationDescription {
    const { service, id, state, url, reason } = this;
    return { service, id, state, url, reason: reason?.message };
  }

  get #isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  async #register(options: CallOptions): Promise<Registered> {
    const spec = this.#spec;
    this.#mayStand = true;
    try {
      const over = this.#controller.signal;
      const terms = { ...options, spec, claim: this.#claim, over };
      const registered = await askForId(this.#connection, terms);
      this.#mayStand = false;
      return registered;
    } catch (error) {
      if (isRollcallError(error) && error.outcome === 'not-applied') this.#mayStand = false;
      throw error;
    }
  }

  async #write(wanted: InstanceSpec, options: CallOptions): Promise<Instance> {
    const { instance } = this;
    const plan = planUpdate(wanted, instance.incarnation);
    const revision = await this.#connection
      .call(plan, options)
      .catch((error) => this.#refused(error, instance));
    const updated = { ...instance, ...wanted, url: instanceUrl(wanted), revision } as Instance;
    if (revision > this.revision) this.#registered = { instance: updated, revision };
    return updated;
  }

  async #untilRegistered({ timeoutMs = WRITE_MS_DEFAULT, signal }: CallOptions): Promise<void> {
    const isDone = (state: RegistrationState): boolean => state !== 'REGISTERING';
    const state = await within({ timeoutMs, signal }, (limit) => this.#states.until(isDone, limit));
    if (this.#isOver) throw this.#reason ?? closed();
    if (state === undefined) {
      throw new RollcallError('TIMEOUT', `not registered again within ${timeoutMs} ms`);
    }
  }

  #onRegistered(registered: Registered): void {
    if (this.#isOver) return;
    this.#registered = registered;
    this.#failures = 0;
    this.#states.set('REGISTERED');
    this.#follow();
  }

  /** Watches its own node for what others do, and its session for its loss. */
  #follow(): void {
    this.#stopListening();
    const connection = this.#connection;
    const { state } = connection.keeper;
    if (!this.#claim.static) this.#stateListener = state.listen(() => this.#onSession());
    // A look at the node costs a member less than the history since: in a rush that is long.
    this.#watchNode('snapshot');
    if (!this.#claim.static) this.#onSession();
  }

  #watchNode(from: 'snapshot' | number): void {
    void this.#watch?.close();
    const path = instancePath(this.service, this.id);
    const watch = new TreeWatch(this.#connection.watches, path, { scope: 'node', from });
    this.#watch = watch;
    watch.deliverTo({ event: (event) => this.#onEvent(event), ended: () => undefined });
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
    if (this.#isOver || this.#isClosing) return;
    this.#stopListening();
    if (this.#states.value !== 'REGISTERING') {
      const { service, id } = this;
      this.#host.log.warn({ service, id }, 'registration lost with its session: registering again');
    }
    this.#states.set('REGISTERING');
    const waitMs = this.#failures === 0 ? 0 : this.#backoffMs();
    this.#failures++;
    this.#host.time.after(waitMs, () => void this.#tryAgain());
  }

  async #tryAgain(): Promise<void> {
    if (this.#isOver || this.#isClosing) return;
    try {
      if (this.#connection.end !== undefined) await this.#renewSession();
      const spec = this.#spec;
      this.#onRegistered(await this.#register({}));
      // It was set while this was under way, by somebody who did not wait for it.
      if (this.#spec !== spec) await this.set({}).catch(() => undefined);
    } catch (error) {
      if (this.#isOver) return;
      const failure = asRollcallError(error);
      if (failure.code === 'ID_IN_USE') await this.#end('REPLACED', failure);
      else if (isPassing(failure)) this.#registerAgain();
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
    // Gone already, or not yet there at this member: what has happened since it was registered tells.
    const isDoubtful = node === undefined || event.revision < this.revision;
    if (isDoubtful && !event.marked) this.#watchNode(this.revision);
    else if (node === undefined) this.#registerAgain();
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
    const decision = DECISIONS[cause];
    if (decision === undefined) return;
    void this.#end('DEREGISTERED', new RollcallError('DEREGISTERED', decision));
  }

  async #refused(error: unknown, { incarnation }: Instance): Promise<never> {
    const isOurs = this.#registered?.instance.incarnation === incarnation;
    const isBetween = this.state === 'REGISTERING';
    if (isRollcallError(error, 'REPLACED') && isOurs && !isBetween) {
      await this.#end('REPLACED', error);
    }
    throw error;
  }

  #end(ending: Ending, reason?: RollcallError): Promise<void> {
    if (!this.#isOver) this.#ended = this.#endOnce(ending, reason);
    return this.#ended;
  }

  async #endOnce(ending: Ending, reason: RollcallError | undefined): Promise<void> {
    this.#reason = reason;
    const { service, id } = this;
    if (ending !== 'CLOSED') {
      this.#host.log.warn({ service, id, state: ending, error: reason }, 'registration ended');
    }
    this.#stopListening();
    this.#states.close(ending);
    this.#controller.abort(reason ?? new RollcallError('CLOSED', 'the registration was closed'));
    const taken = this.#mayStand
      ? takeBack(this.#connection, this.#spec, this.#claim)
      : Promise.resolve();
    // A session takes its own with it; what is static would stand for ever.
    if (this.#claim.static) await taken;
    this.#host.ended(this);
    await this.#host.leave(this.#connection);
  }
}

function isPassing({ code, retryable }: RollcallError): boolean {
  return retryable || PASSING.has(code);
}

function asRollcallError(error: unknown): RollcallError {
  if (isRollcallError(error)) return error;
  return new RollcallError('INTERNAL', String(error), { cause: error });
}
