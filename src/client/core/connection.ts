/**
 * One client's stream to whichever member serves it: calls go out in one frame a turn, answers come
 * back in order, and when the member fails or falls silent everything unresolved goes to the next one
 * with the same seqs. Every call ends by its deadline; a change that was sent is resolved even then.
 */
import type * as wire from '../../gen/index.js';
import { errorFrom } from '../../rpc/failure.js';
import { RollcallError } from '../../types/errors.js';
import type { Random } from '../../types/ports.js';
import type { CallOptions, ClientLogger } from '../types.js';
import { delayMs, REQUEST_BACKOFF } from './backoff.js';
import { Calls } from './calls.js';
import { logSession, SessionKeeper, type SessionPlan } from './keeper.js';
import type { Links } from './links.js';
import { Operation, type OperationMessage, type OperationPlan } from './operation.js';
import { planProbe, type Seen } from './plans.js';
import {
  breaking,
  closed,
  sessionEnded,
  silentTooLong,
  tooLate,
  unreachable,
  usedElsewhere,
} from './reasons.js';
import { SILENCE_CHECK_MS } from './silence.js';
import { StreamLink } from './stream-link.js';
import { Alarm, KeepAlive, type Time } from './time.js';
import { Turn } from './turn.js';
import { isMemberAtFault, revisionOf, verdictOf, wasNotApplied } from './verdict.js';
import { Vitals } from './vitals.js';
import type { WatchHost } from './watch.js';
import { WatchSet } from './watch-set.js';

export interface ConnectionOptions {
  readonly links: Links;
  readonly time: Time;
  readonly random: Random;
  readonly seen: Seen;
  readonly session: SessionPlan;
  readonly timeoutMs: number;
  readonly failFast: boolean;
  /** What the client says of itself. */
  readonly label: string;
  readonly log: ClientLogger;
}

const CLOSE_MS_MAX = 1_000;
const PROBE_ANSWER_MS = 2_000;
/** Refused so often as not the next, a change never will be: the cluster counts otherwise. */
const GAPS_MAX = 4;

export class Connection {
  readonly keeper: SessionKeeper;
  readonly seen: Seen;
  readonly #options: ConnectionOptions;
  readonly #links: Links;
  readonly #time: Time;
  readonly #calls = new Calls();
  readonly #watches: WatchSet;
  readonly #vitals: Vitals;
  readonly #alarm: Alarm;
  readonly #keepAlive = new KeepAlive();
  /** All calls of one turn go in one frame. */
  readonly #turn = new Turn(() => this.#flushNow());
  readonly #stream: StreamLink;
  /** Id of the request that opens or attaches the session. */
  #greetingId = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #end: RollcallError | undefined;
  #holdUntilMs = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#links = options.links;
    this.#time = options.time;
    this.seen = options.seen;
    this.keeper = new SessionKeeper(options.session, options.label);
    if (!options.session.isLazy) logSession(this.keeper, options.log);
    this.#vitals = new Vitals(options.time.nowMs());
    const changed = (): void => this.#turn.schedule();
    this.#watches = new WatchSet({ ...options, vitals: this.#vitals, changed });
    this.#alarm = new Alarm(options.time, () => this.#onAlarm());
    this.#stream = new StreamLink(options.links, options.time, {
      heard: () => {
        this.#vitals.heardAtMs = this.#time.nowMs();
      },
      response: (response) => this.#onResponse(response),
      watch: (id, response) => this.#watches.receive(id, response),
      touched: (number) => this.keeper.touched(number),
      confirmed: (revision) => this.#watches.confirm(revision),
      stale: (ageMs) => this.#onStale(ageMs),
      ended: (cause) => this.#onEnded(cause),
      frameDone: () => {
        if (this.#calls.hasUnsent) this.#turn.schedule();
      },
      drained: () => this.#turn.schedule(),
      garbled: (error) => this.#onGarbled(error),
      left: () => this.#onLeft(),
    });
    if (!options.session.isLazy) this.#turn.schedule();
  }

  get watches(): WatchHost {
    return this.#watches;
  }

  /** Why it has ended for good: closed, or its session lost. */
  get end(): RollcallError | undefined {
    return this.#end;
  }

  call<T>(plan: OperationPlan<T>, options: CallOptions = {}): Promise<T> {
    const { timeoutMs = this.#options.timeoutMs } = options;
    const operation = new Operation<T>(plan, timeoutMs);
    const promise = operation.promise();
    const refusal = this.#refusal(timeoutMs, options.signal);
    if (refusal !== undefined) operation.fail(refusal);
    else this.#accept(operation as Operation, options.signal);
    return promise;
  }

  describe() {
    const session = this.keeper.describe(this.#time.nowMs(), this.#calls.changesSent);
    return { session, watches: this.#watches.describe() };
  }

  /** Why nothing came of it, as far as is known. */
  failure(otherwise: string): RollcallError {
    const end = this.#end?.code === 'CLOSED' ? undefined : this.#end;
    return end ?? this.#links.lastError ?? new RollcallError('TIMEOUT', otherwise);
  }

  /** Closes its session, if it has one; what is under way fails. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#isClosing = true;
    const error = closed();
    this.#calls.giveUpAll(closed);
    this.#watches.closeAll();
    const farewell = this.keeper.farewell();
    if (farewell !== undefined) await this.#closeSession(farewell);
    this.#finish(error);
    this.keeper.closed();
  }

  #refusal(timeoutMs: number, signal: AbortSignal | undefined): RollcallError | undefined {
    if (this.#end !== undefined) return this.#end;
    return this.#isClosing ? closed() : this.#calls.refusal(timeoutMs, signal);
  }

  #accept(operation: Operation, signal?: AbortSignal): void {
    this.#alarm.by(this.#calls.add(operation, this.#time.nowMs(), signal));
    this.#turn.schedule();
  }

  /** A session that cannot be closed now ends by its timeout. */
  async #closeSession(farewell: OperationPlan<void>): Promise<void> {
    const operation = new Operation(farewell, CLOSE_MS_MAX);
    const answered = operation.promise();
    this.#accept(operation as Operation);
    await answered.catch(() => undefined);
  }

  #flushNow(): void {
    if (this.#end !== undefined) return;
    const nowMs = this.#time.nowMs();
    if (this.#isWanted) this.#connect(nowMs);
    this.#flush(nowMs);
    this.#arm(nowMs);
  }

  get #isWanted(): boolean {
    return !this.#calls.isEmpty || this.#watches.size > 0 || !this.keeper.plan.isLazy;
  }

  #flush(nowMs: number): void {
    if (!this.#isAwaiting) this.#stream.beginSilence(nowMs);
    while (this.#stream.canSend) {
      const operations = this.#takeOperations(nowMs);
      const touch = this.keeper.takeTouch(nowMs);
      if (operations.length === 0 && touch === 0) return;
      const ackedSeq = this.keeper.isAttached ? this.#calls.ackedSeq : 0;
      this.#stream.send({ operations, ackedSeq, touch });
    }
  }

  /** Watches first: they need nobody's consent. Then the session, and only then what depends on it. */
  #takeOperations(nowMs: number): OperationMessage[] {
    const { keeper } = this;
    const takeId = (): number => this.#calls.takeId();
    const messages = this.#watches.takeMessages(takeId);
    if (nowMs < this.#holdUntilMs || keeper.isGreeting || this.#watches.hasUnsent) return messages;
    if (!keeper.isAttached && (keeper.comesFirst || this.#calls.nextIsWrite)) {
      this.#greetingId = takeId();
      messages.push({ id: this.#greetingId, seq: 0, timeoutMs: 0, ...keeper.greet(nowMs) });
      return messages;
    }
    const frame = this.#calls.takeFrame({ nowMs, canWrite: keeper.isAttached });
    const calls = this.#watches.followed(frame, takeId);
    return messages.length === 0 ? calls : [...messages, ...calls];
  }

  #connect(nowMs: number): void {
    if (this.#stream.isOpen) return;
    const waitMs = this.#stream.connect(nowMs);
    if (this.#stream.isOpen) {
      this.#vitals.heardAtMs = nowMs;
      return;
    }
    const isHopeless = this.#options.failFast && this.#links.isExhausted;
    if (isHopeless) this.#calls.giveUpAll((outcome) => unreachable(outcome, this.#links.lastError));
    this.#alarm.by(nowMs + waitMs);
  }

  #onStale(ageMs: number): void {
    this.#watches.doubt(ageMs);
    this.#stream.leaveLeaderless('the member has no leader');
  }

  #onResponse(response: wire.OperationResponse): void {
    this.#watches.answered(response.id);
    if (response.id === this.#greetingId) return this.#onGreeted(response);
    const operation = this.#calls.answered(response.id);
    if (operation === undefined) {
      if (response.error === undefined) return;
      this.#watches.refused(response.id, response.error, this.#stream.endpoint);
    } else if (response.error !== undefined) {
      this.#onFailure(operation, response.error);
    } else {
      const revision = revisionOf(response);
      if (revision > this.seen.revision) this.seen.revision = revision;
      this.#calls.settle(operation, response);
    }
  }

  #onGreeted(response: wire.OperationResponse): void {
    this.#greetingId = 0;
    if (response.open !== undefined) {
      this.keeper.greeted(response.open);
      this.#turn.schedule();
      return;
    }
    const detail = response.error;
    const verdict = detail === undefined ? 'again' : verdictOf(detail, true);
    const waitMs = Math.max(detail?.retryAfterMs ?? 0, this.#backoffMs(this.keeper.refused()));
    if (verdict === 'over' || verdict === 'final') {
      const error = errorFrom(detail!, this.#stream.endpoint);
      if (this.keeper.id === undefined) this.#calls.refuseChanges(error);
      this.#loseSession(error, waitMs);
    } else this.#restart(waitMs);
  }

  #onFailure(operation: Operation, detail: wire.ErrorDetail): void {
    const isTransaction = operation.message.transact !== undefined;
    const error = errorFrom(detail, this.#stream.endpoint, isTransaction);
    const verdict = verdictOf(detail, operation.isWrite);
    const isLostCount = detail.code === 'SEQ_GAP' && operation.refusals >= GAPS_MAX;
    if ((verdict === 'over' || isLostCount) && operation.isWrite) this.#loseSession(error);
    else if (verdict === 'moved' && operation.isWrite) this.#onEnded('moved');
    else if (verdict === 'again' && this.#calls.keepsPlace(operation)) {
      const backoffMs = this.#backoffMs(operation.refusals);
      this.#holdUntilMs = this.#time.nowMs() + Math.max(detail.retryAfterMs, backoffMs);
      this.#calls.sendAgain(operation, wasNotApplied(detail));
      if (isMemberAtFault(detail.code)) this.#stream.leaveLeaderless(error);
      this.#turn.schedule();
    } else this.#calls.fail(operation, error);
  }

  #backoffMs(failures: number): number {
    return delayMs(REQUEST_BACKOFF, failures, this.#options.random);
  }

  // ---- Endings ----

  #onGarbled(cause: RollcallError): void {
    const operation = this.#calls.suspect();
    if (operation === undefined) return;
    const error = breaking(operation, cause);
    if (!this.#calls.condemn(operation, error)) this.#loseSession(error);
  }

  #onLeft(): void {
    this.#detached();
    if (this.#isWanted) this.#turn.schedule();
  }

  /** What was sent will not be answered on any stream that is still open. */
  #detached(): void {
    this.#greetingId = 0;
    this.#calls.rewind();
    this.#watches.detached();
    this.keeper.detached();
  }

  #drop(): void {
    this.#stream.drop();
    this.#detached();
  }

  /** The same member, a new stream. */
  #restart(waitMs: number): void {
    this.#drop();
    this.#holdUntilMs = this.#time.nowMs() + waitMs;
    this.#turn.schedule();
  }

  #onEnded(cause: string): void {
    if (this.#isClosing) return;
    if (cause !== 'moved') {
      this.#loseSession(sessionEnded(cause));
    } else if (this.keeper.id === undefined || this.keeper.moved(this.#time.nowMs())) {
      this.#restart(this.#backoffMs(2));
    } else this.#loseSession(usedElsewhere());
  }

  #loseSession(error: RollcallError, waitMs = 0): void {
    this.#calls.sessionLost(error);
    if (this.keeper.plan.isLazy) {
      this.keeper.lost();
      this.#restart(waitMs);
      return;
    }
    this.#watches.failAll(error);
    this.#finish(error);
    this.keeper.lost();
  }

  #finish(error: RollcallError): void {
    this.#end = error;
    this.#calls.endAll(error);
    this.#drop();
    this.#alarm.stop();
    this.#stream.close();
    this.#keepAlive.set(false);
  }

  // ---- Time ----

  readonly #tooLate = (operation: Operation): RollcallError =>
    tooLate(operation, this.#stream.wasHeard ? undefined : this.#links.lastError);

  #onAlarm(): void {
    if (this.#end !== undefined) return;
    const nowMs = this.#time.nowMs();
    this.#calls.expire(nowMs, this.#tooLate);
    if (this.keeper.tick(nowMs)) {
      this.#loseSession(silentTooLong());
      return;
    }
    this.#stream.checkSilence(nowMs, this.#isAwaiting);
    this.#checkWatches(nowMs);
    this.#checkIdle(nowMs);
    this.#flushNow();
  }

  get #isAwaiting(): boolean {
    return this.#calls.openCount > 0 || this.keeper.isGreeting;
  }

  #checkWatches(nowMs: number): void {
    if (this.#watches.size === 0) return;
    this.#watches.checkAge(nowMs);
    const isUncertain = this.#vitals.isQuiet(nowMs) && !this.#isAwaiting;
    if (!isUncertain || !this.#stream.isOpen) return;
    this.#calls.add(new Operation<unknown>(planProbe(), PROBE_ANSWER_MS), nowMs);
  }

  #checkIdle(nowMs: number): void {
    if (this.#isWanted || this.#isClosing) this.#vitals.usedAtMs = nowMs;
    if (!this.#stream.isOpen || !this.#vitals.isIdle(nowMs)) return;
    this.#drop();
    this.#abandonSession();
  }

  /** Seqs belong to a session: the next one counts anew. */
  #abandonSession(): void {
    if (!this.keeper.plan.isLazy) return;
    this.keeper.abandon();
    this.#calls.sessionLost(closed());
  }

  #arm(nowMs: number): void {
    if (this.#isWanted) this.#vitals.usedAtMs = nowMs;
    this.#keepAlive.set(this.#isWanted);
    this.#alarm.by(this.#calls.nextDueMs());
    const soonestMs = nowMs + SILENCE_CHECK_MS;
    this.#alarm.by(Math.max(soonestMs, this.keeper.nextDueMs(nowMs)));
    if (nowMs < this.#holdUntilMs) this.#alarm.by(this.#holdUntilMs);
    if (this.#isAwaiting) this.#alarm.by(soonestMs);
    const look = this.#vitals.nextLookMs(nowMs, this.#watches.size > 0, this.#isWanted);
    if (this.#stream.isOpen) this.#alarm.by(Math.max(soonestMs, look));
  }
}
