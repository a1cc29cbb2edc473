/**
 * The session of one connection: its secret and id, whether the open stream speaks for it, and what the
 * client may believe of it. A lazy one is opened by the first change and replaced when it is lost; any
 * other is opened at once, and its loss is final. It sends nothing itself.
 */
import { randomBytes } from 'node:crypto';
import type { OpenSessionResponse } from '../../gen/index.js';
import type { ClientLogger, SessionDescription, SessionState } from '../types.js';
import type { OperationBody, OperationPlan } from './operation.js';
import { SessionBelief } from './session.js';
import { StateCell } from './states.js';

export interface SessionPlan {
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Opened by the first change; owns nothing, so it waits for the cluster's word on its loss. */
  readonly isLazy: boolean;
}

export class SessionKeeper {
  readonly plan: SessionPlan;
  readonly #label: string;
  readonly state = new StateCell<SessionState>('SUSPENDED');
  #secret = randomBytes(16);
  #id: number | undefined;
  #belief: SessionBelief | undefined;
  #standing: 'detached' | 'greeting' | 'attached' = 'detached';
  #greetedAtMs = 0;
  /** Greetings since the last that was welcome. */
  #refusals = 0;
  #movedAtMs = Number.NEGATIVE_INFINITY;

  constructor(plan: SessionPlan, label: string) {
    this.plan = plan;
    this.#label = label;
  }

  get id(): number | undefined {
    return this.#id;
  }

  /** As negotiated, once it is open. */
  get timeoutMs(): number {
    return this.#belief?.terms.timeoutMs ?? this.plan.timeoutMs;
  }

  describe(nowMs: number, pending: number): SessionDescription | undefined {
    if (this.#id === undefined || this.#belief === undefined) return undefined;
    const { timeoutMs, graceMs } = this.#belief.terms;
    const ageMs = Math.round(Math.max(0, nowMs - this.#belief.vouchedAtMs));
    return { id: this.#id, state: this.state.value, timeoutMs, graceMs, ageMs, pending };
  }

  get isAttached(): boolean {
    return this.#standing === 'attached';
  }

  get isGreeting(): boolean {
    return this.#standing === 'greeting';
  }

  /** It speaks before anything else that is ordered. A lazy one waits for changes: reads need it not. */
  get comesFirst(): boolean {
    return !this.plan.isLazy;
  }

  /** Opens it, idempotent by its secret, or attaches to it. */
  greet(nowMs: number): OperationBody {
    this.#standing = 'greeting';
    this.#greetedAtMs = nowMs;
    if (this.#id !== undefined) return { attach: { session: this.#id, secret: this.#secret } };
    const { timeoutMs, graceMs } = this.plan;
    return { open: { secret: this.#secret, timeoutMs, graceMs, label: this.#label } };
  }

  greeted({ session, timeoutMs, graceMs }: OpenSessionResponse): void {
    this.#standing = 'attached';
    this.#refusals = 0;
    this.#id = session;
    const losesByClock = !this.plan.isLazy;
    this.#belief ??= new SessionBelief({ timeoutMs, graceMs, losesByClock }, this.#greetedAtMs);
    this.#belief.attached(this.#greetedAtMs);
    this.state.set(this.#belief.state);
  }

  /** The greeting was turned away; returns how often that was so before. */
  refused(): number {
    return this.#refusals++;
  }

  /** The request that ends it; undefined when it is not there to be ended. */
  farewell(): OperationPlan<void> | undefined {
    if (this.#id === undefined || !this.isAttached) return undefined;
    const close = { session: this.#id, secret: this.#secret };
    const message = { id: 0, seq: 0, timeoutMs: 0, close };
    return { message, isWrite: true, bytes: 64, read: () => undefined };
  }

  /** The stream is gone. */
  detached(): void {
    this.#standing = 'detached';
  }

  /** Number of a touch that is due, or 0. */
  takeTouch(nowMs: number): number {
    if (this.#belief === undefined || !this.isAttached) return 0;
    return nowMs >= this.#belief.touchDueMs ? this.#belief.sendTouch(nowMs) : 0;
  }

  touched(number: number): void {
    this.#belief?.touched(number);
    if (this.#belief !== undefined) this.state.set(this.#belief.state);
  }

  /** True when it was lost just now, by our own clock. */
  tick(nowMs: number): boolean {
    const before = this.#belief?.state;
    if (this.#belief === undefined || before === 'LOST') return false;
    const now = this.#belief.tick(nowMs);
    if (now !== 'LOST') this.state.set(now);
    return now === 'LOST';
  }

  nextDueMs(nowMs: number): number {
    if (this.#belief === undefined) return Number.POSITIVE_INFINITY;
    const { touchDueMs } = this.#belief;
    const believedMs = this.#belief.nextDueMs(nowMs);
    return this.isAttached ? Math.min(touchDueMs, believedMs) : believedMs;
  }

  /** Another attachment took over. True the first time: attach again; false when someone insists. */
  moved(nowMs: number): boolean {
    const isInsistent = nowMs - this.#movedAtMs < this.timeoutMs;
    this.#movedAtMs = nowMs;
    return !isInsistent;
  }

  lost(): void {
    this.#belief?.lost();
    if (this.plan.isLazy) this.#startOver();
    else this.state.close('LOST');
  }

  closed(): void {
    this.#standing = 'detached';
    this.state.close('CLOSED');
  }

  /** Left to expire by itself: nobody uses it, and it owns nothing. */
  abandon(): void {
    if (this.plan.isLazy) this.#startOver();
  }

  #startOver(): void {
    this.#secret = randomBytes(16);
    this.#id = undefined;
    this.#belief = undefined;
    this.#standing = 'detached';
  }
}

/** Says what becomes of a session that its owner relies on. */
export function logSession(keeper: SessionKeeper, log: ClientLogger): void {
  let before: SessionState | undefined;
  keeper.state.listen(() => {
    const { value } = keeper.state;
    const session = keeper.id;
    if (value === 'LOST') log.error({ session }, 'session lost');
    else if (value === 'SUSPENDED') log.warn({ session }, 'session suspended: no answer lately');
    else if (value === 'CONNECTED') {
      log.info({ session }, before === 'SUSPENDED' ? 'session regained' : 'session open');
    }
    before = value;
  });
}
