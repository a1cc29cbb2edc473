/**
 * One client's stream to whichever member serves it: calls go out in one frame a turn, answers come
 * back in order, and when the member fails or falls silent everything unresolved goes to the next one
 * with the same seqs. Every call ends by its deadline; a change that was sent is resolved even then.
 */
import type * as wire from '../../gen/index.js';
import { errorFrom, plainText } from '../../rpc/failure.js';
import { type FailureOutcome, RollcallError } from '../../types/errors.js';
import type { Random } from '../../types/ports.js';
import type { CallOptions } from '../types.js';
import { delayMs, REQUEST_BACKOFF } from './backoff.js';
import { aborted, Calls } from './calls.js';
import type { Channel, ChannelStream } from './channel.js';
import { SessionKeeper, type SessionPlan } from './keeper.js';
import { type Links, lost } from './links.js';
import { Operation, type OperationMessage, type OperationPlan } from './operation.js';
import { SILENCE_CHECK_MS, SILENCE_MS_MAX, Silence } from './silence.js';
import { Alarm, KeepAlive, type Time } from './time.js';
import { isMemberAtFault, revisionOf, verdictOf, wasNotApplied } from './verdict.js';
import { Vitals } from './vitals.js';
import type { TreeWatch, WatchHost } from './watch.js';
import { WatchSet } from './watch-set.js';

/** Highest revision that any answer of this client has shown: the floor of its session reads. */
export interface Seen {
  revision: number;
}

export interface ConnectionOptions {
  readonly links: Links;
  readonly time: Time;
  readonly random: Random;
  readonly seen: Seen;
  readonly session: SessionPlan;
  readonly timeoutMs: number;
  readonly failFast: boolean;
}

/** Silence allowed while the connection itself is still being made. */
const CONNECT_MS_MAX = 1_500;
const CLOSE_MS_MAX = 1_000;
/** A member is left for its leader's sake at most this often: the others may be no better off. */
const LEADERLESS_LEAVE_MS = 3_000;

interface OpenStream {
  readonly channel: Channel;
  readonly stream: ChannelStream;
  readonly silence: Silence;
  greetingId: number;
  wasHeard: boolean;
  isBlocked: boolean;
}

export class Connection implements WatchHost {
  readonly keeper: SessionKeeper;
  readonly seen: Seen;
  readonly #options: ConnectionOptions;
  readonly #links: Links;
  readonly #time: Time;
  readonly #calls = new Calls();
  readonly #watches = new WatchSet();
  readonly #vitals: Vitals;
  readonly #alarm: Alarm;
  readonly #keepAlive = new KeepAlive();
  readonly #forgetLinks: () => void;
  #open: OpenStream | undefined;
  #isScheduled = false;
  #isBusy = false;
  #isClosing = false;
  #end: RollcallError | undefined;
  #holdUntilMs = 0;
  #leaderlessAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#links = options.links;
    this.#time = options.time;
    this.seen = options.seen;
    this.keeper = new SessionKeeper(options.session);
    this.#vitals = new Vitals(options.time.nowMs());
    this.#alarm = new Alarm(options.time, () => this.#onAlarm());
    this.#forgetLinks = this.#links.onLeave((channel) => this.#onLeft(channel));
    if (!options.session.isLazy) this.#schedule();
  }

  /** Why it has ended for good: closed, or its session lost. */
  get end(): RollcallError | undefined {
    return this.#end;
  }

  call<T>(plan: OperationPlan<T>, options: CallOptions = {}): Promise<T> {
    const operation = new Operation<T>(plan, options.timeoutMs ?? this.#options.timeoutMs);
    const promise = operation.promise();
    const refusal = this.#refusal(options.signal);
    if (refusal !== undefined) operation.fail(refusal);
    else this.#accept(operation as Operation, options.signal);
    return promise;
  }

  startWatch(watch: TreeWatch): void {
    const end = this.#end;
    if (end !== undefined) {
      queueMicrotask(() => watch.fail(end));
      return;
    }
    if (this.#watches.size === 0) this.#vitals.confirmedAtMs = this.#time.nowMs();
    this.#watches.add(watch);
    this.#schedule();
  }

  stopWatch(watch: TreeWatch): void {
    this.#watches.remove(watch);
    if (this.#end === undefined) this.#schedule();
  }

  /** Why nothing came of it, as far as is known. */
  failure(otherwise: string): RollcallError {
    const end = this.#end?.code === 'CLOSED' ? undefined : this.#end;
    return end ?? this.#links.lastError ?? new RollcallError('TIMEOUT', otherwise);
  }

  /** Closes its session, if it has one; what is under way fails. */
  async close(): Promise<void> {
    if (this.#isClosing || this.#end !== undefined) return;
    this.#isClosing = true;
    const error = new RollcallError('CLOSED', 'it was closed');
    this.#calls.giveUpAll((outcome) => new RollcallError('CLOSED', 'it was closed', { outcome }));
    this.#watches.closeAll();
    const { id: session, secret, isAttached } = this.keeper;
    if (session !== undefined && isAttached) await this.#closeSession(session, secret);
    this.#finish(error);
    this.keeper.closed();
  }

  // ---- Calls ----

  #refusal(signal: AbortSignal | undefined): RollcallError | undefined {
    if (this.#end !== undefined) return this.#end;
    if (this.#isClosing) return new RollcallError('CLOSED', 'it was closed');
    if (signal?.aborted === true) return aborted(signal);
    if (this.#calls.isFull) return new RollcallError('OVERLOADED', 'too many calls are waiting');
    return undefined;
  }

  #accept(operation: Operation, signal?: AbortSignal): void {
    this.#alarm.by(this.#calls.add(operation, this.#time.nowMs(), signal));
    this.#schedule();
  }

  async #closeSession(session: number, secret: Uint8Array): Promise<void> {
    const message = { id: 0, seq: 0, timeoutMs: 0, close: { session, secret } };
    const plan = { message, isWrite: true, bytes: 64, read: () => undefined };
    const operation = new Operation<undefined>(plan, CLOSE_MS_MAX);
    const answered = operation.promise();
    this.#accept(operation as Operation);
    // A session that cannot be closed now ends by its timeout.
    await answered.catch(() => undefined);
  }

  // ---- Sending ----

  /** All calls of one turn, and of the promises that settle in it, go in one frame. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#afterMicrotasks);
  }

  readonly #afterMicrotasks = (): void => {
    process.nextTick(this.#flushNow);
  };

  readonly #flushNow = (): void => {
    this.#isScheduled = false;
    if (this.#end !== undefined) return;
    const nowMs = this.#time.nowMs();
    if (this.#open === undefined && this.#isWanted) this.#connect(nowMs);
    this.#flush(nowMs);
    this.#arm(nowMs);
  };

  get #isWanted(): boolean {
    return !this.#calls.isEmpty || this.#watches.size > 0 || !this.keeper.plan.isLazy;
  }

  #flush(nowMs: number): void {
    const open = this.#open;
    if (!this.#isAwaiting) open?.silence.begin(nowMs);
    while (open !== undefined && open === this.#open && !open.isBlocked) {
      const operations = this.#takeOperations(open, nowMs);
      const touch = this.keeper.takeTouch(nowMs);
      if (operations.length === 0 && touch === 0) return;
      const ackedSeq = this.keeper.isAttached ? this.#calls.ackedSeq : 0;
      open.isBlocked = !open.stream.send({ operations, ackedSeq, touch });
    }
  }

  /** Watches first: they need nobody's consent. Then the session, and only then what depends on it. */
  #takeOperations(open: OpenStream, nowMs: number): OperationMessage[] {
    const { keeper } = this;
    const messages = this.#watches.takeMessages(() => this.#calls.takeId());
    if (nowMs < this.#holdUntilMs || keeper.isGreeting) return messages;
    if (!keeper.isAttached && (keeper.comesFirst || this.#calls.nextIsWrite)) {
      open.greetingId = this.#calls.takeId();
      messages.push({ id: open.greetingId, seq: 0, timeoutMs: 0, ...keeper.greet(nowMs) });
      return messages;
    }
    const calls = this.#calls.takeFrame({ nowMs, canWrite: keeper.isAttached });
    return messages.length === 0 ? calls : [...messages, ...calls];
  }

  #connect(nowMs: number): void {
    const channel = this.#links.current();
    if (typeof channel === 'number') {
      const isHopeless = this.#options.failFast && this.#links.isExhausted;
      if (isHopeless) this.#calls.giveUpAll((outcome) => this.#unreachable(outcome));
      this.#alarm.by(nowMs + channel);
      return;
    }
    const stream = channel.open({
      frame: (frame) => this.#onFrame(open, frame),
      drained: () => this.#onDrained(open),
      ended: (error) => this.#links.leave(channel, error),
    });
    const silence = new Silence(nowMs);
    const open = { channel, stream, silence, greetingId: 0, wasHeard: false, isBlocked: false };
    this.#open = open;
    this.#vitals.heardAtMs = nowMs;
  }

  // ---- Receiving ----

  #onDrained(open: OpenStream): void {
    open.isBlocked = false;
    this.#schedule();
  }

  #onFrame(open: OpenStream, frame: wire.StreamResponse): void {
    if (open !== this.#open) return;
    this.#vitals.heardAtMs = this.#time.nowMs();
    open.silence.heard();
    if (!open.wasHeard) {
      open.wasHeard = true;
      this.#links.heard(open.channel);
    }
    for (const item of frame.items) {
      this.#onItem(open, item);
      if (open !== this.#open) return;
    }
    if (this.#calls.hasUnsent) this.#schedule();
  }

  #onItem(open: OpenStream, item: wire.StreamItem): void {
    if (item.response !== undefined) this.#onResponse(open, item.response);
    else if (item.watch?.response !== undefined) this.#onWatch(item.watch.id, item.watch.response);
    else if (item.touched !== undefined) this.keeper.touched(item.touched);
    else if (item.bookmark !== undefined) this.#onConfirmed(item.bookmark);
    else if (item.live !== undefined) this.#onConfirmed(item.live);
    else if (item.stale !== undefined) this.#onStale(open, item.stale.ageMs);
    else if (item.ended !== undefined) this.#onEnded(item.ended.cause);
  }

  #onWatch(id: number, response: wire.WatchResponse): void {
    if (response.bookmark !== undefined || response.live !== undefined) {
      this.#vitals.confirmedAtMs = this.#vitals.heardAtMs;
    }
    this.#watches.receive(id, response);
  }

  #onConfirmed(revision: number): void {
    this.#vitals.confirmedAtMs = this.#vitals.heardAtMs;
    this.#watches.confirm(revision);
  }

  #onStale({ channel }: OpenStream, ageMs: number): void {
    this.#watches.doubt(ageMs);
    this.#leaveLeaderless(channel, lost(channel.endpoint, `${channel.endpoint} has no leader`));
  }

  /** Another member may still be in touch with the leader. */
  #leaveLeaderless(channel: Channel, error: RollcallError): void {
    const { heardAtMs } = this.#vitals;
    if (!this.#links.hasWarm || heardAtMs - this.#leaderlessAtMs < LEADERLESS_LEAVE_MS) return;
    this.#leaderlessAtMs = heardAtMs;
    this.#links.leave(channel, error);
  }

  #onResponse(open: OpenStream, response: wire.OperationResponse): void {
    if (response.id === open.greetingId) {
      this.#onGreeted(open, response);
      return;
    }
    const operation = this.#calls.answered(response.id);
    if (operation === undefined) {
      if (response.error !== undefined) this.#onWatchRefused(response.id, response.error);
    } else if (response.error !== undefined) {
      this.#onFailure(open.channel, operation, response.error);
    } else {
      const revision = revisionOf(response);
      if (revision > this.seen.revision) this.seen.revision = revision;
      this.#calls.settle(operation, response);
    }
  }

  #onGreeted(open: OpenStream, response: wire.OperationResponse): void {
    open.greetingId = 0;
    if (response.open !== undefined) {
      this.keeper.greeted(response.open);
      this.#schedule();
      return;
    }
    const detail = response.error;
    const verdict = detail === undefined ? 'again' : verdictOf(detail, true);
    if (verdict === 'over' || verdict === 'final') {
      this.#loseSession(errorFrom(detail!, open.channel.endpoint));
    } else this.#restart(Math.max(detail?.retryAfterMs ?? 0, this.#backoffMs(3)));
  }

  #onWatchRefused(id: number, detail: wire.ErrorDetail): void {
    const watch = this.#watches.refused(id);
    if (watch === undefined) return;
    if (verdictOf(detail, false) === 'final') watch.fail(errorFrom(detail, this.#links.endpoint));
    else {
      this.#time.after(this.#backoffMs(4), () => {
        if (!watch.isEnded) this.startWatch(watch);
      });
    }
  }

  #onFailure(channel: Channel, operation: Operation, detail: wire.ErrorDetail): void {
    const error = errorFrom(detail, channel.endpoint);
    const verdict = verdictOf(detail, operation.isWrite);
    if (verdict === 'over' && operation.isWrite) this.#loseSession(error);
    else if (verdict === 'moved' && operation.isWrite) this.#onEnded('moved');
    else if (verdict === 'again' && this.#calls.keepsPlace(operation)) {
      const backoffMs = this.#backoffMs(operation.refusals);
      this.#holdUntilMs = this.#time.nowMs() + Math.max(detail.retryAfterMs, backoffMs);
      this.#calls.sendAgain(operation, wasNotApplied(detail));
      if (isMemberAtFault(detail.code)) this.#leaveLeaderless(channel, error);
      this.#schedule();
    } else this.#calls.fail(operation, error);
  }

  #backoffMs(failures: number): number {
    return delayMs(REQUEST_BACKOFF, failures, this.#options.random);
  }

  // ---- Endings ----

  #onLeft(channel: Channel): void {
    if (this.#open?.channel !== channel) return;
    this.#drop();
    if (this.#isWanted) this.#schedule();
  }

  #drop(): void {
    this.#open?.stream.close();
    this.#open = undefined;
    this.#calls.rewind();
    this.#watches.detached();
    this.keeper.detached();
  }

  /** The same member, a new stream. */
  #restart(waitMs: number): void {
    this.#drop();
    this.#holdUntilMs = this.#time.nowMs() + waitMs;
    this.#schedule();
  }

  #onEnded(cause: string): void {
    if (this.#isClosing) return;
    if (cause !== 'moved') {
      this.#loseSession(new RollcallError('SESSION_EXPIRED', `the session has ended: ${cause}`));
    } else if (this.keeper.id === undefined || this.keeper.moved(this.#time.nowMs())) {
      this.#restart(this.#backoffMs(2));
    } else this.#loseSession(new RollcallError('MOVED', 'another process uses this session'));
  }

  #loseSession(error: RollcallError): void {
    this.#calls.sessionLost(error);
    if (this.keeper.plan.isLazy) {
      this.keeper.lost();
      this.#restart(0);
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
    this.#forgetLinks();
    this.#showBusy(false);
  }

  // ---- Time ----

  readonly #tooLate = (operation: Operation): RollcallError => {
    const wasCutOff = !operation.wasSent && this.#open?.wasHeard !== true;
    if (wasCutOff && this.#links.lastError !== undefined)
      return this.#unreachable(operation.outcome);
    const { outcome, timeoutMs } = operation;
    return new RollcallError('TIMEOUT', `not answered within ${timeoutMs} ms`, { outcome });
  };

  #unreachable(outcome: FailureOutcome): RollcallError {
    const { lastError: cause } = this.#links;
    const why = cause === undefined ? '' : `: ${plainText(cause)}`;
    return new RollcallError('UNAVAILABLE', `no member answers${why}`, { outcome, cause });
  }

  #onAlarm(): void {
    if (this.#end !== undefined) return;
    const nowMs = this.#time.nowMs();
    this.#calls.expire(nowMs, this.#tooLate);
    if (this.keeper.tick(nowMs)) {
      this.#loseSession(
        new RollcallError('SESSION_EXPIRED', 'the cluster was silent for too long'),
      );
      return;
    }
    this.#checkSilence(nowMs);
    this.#checkWatches(nowMs);
    this.#checkIdle(nowMs);
    this.#flushNow();
  }

  get #isAwaiting(): boolean {
    return this.#calls.openCount > 0 || this.keeper.isGreeting;
  }

  #checkSilence(nowMs: number): void {
    const open = this.#open;
    if (open === undefined) return;
    open.silence.check(nowMs, this.#isAwaiting);
    const limitMs = open.channel.isConnected ? SILENCE_MS_MAX : CONNECT_MS_MAX;
    if (open.silence.quietMs < limitMs) return;
    const { channel } = open;
    this.#links.leave(channel, lost(channel.endpoint, `${channel.endpoint} has fallen silent`));
  }

  #checkWatches(nowMs: number): void {
    if (this.#watches.size === 0) return;
    const ageMs = this.#vitals.doubtfulForMs(nowMs);
    if (ageMs !== undefined) this.#watches.doubt(ageMs);
    const isUncertain = this.#vitals.isQuiet(nowMs) && !this.#isAwaiting;
    if (isUncertain && this.#open !== undefined) this.#probe(nowMs);
  }

  /** A read that any living member answers at once. */
  #probe(nowMs: number): void {
    const message = { id: 0, seq: 0, timeoutMs: 0, get: { path: '/', consistency: 1 } };
    const plan = { message, isWrite: false, bytes: 32, read: () => undefined };
    this.#calls.add(new Operation<unknown>(plan, 2_000), nowMs);
  }

  #checkIdle(nowMs: number): void {
    if (this.#isWanted || this.#isClosing) this.#vitals.usedAtMs = nowMs;
    if (this.#open === undefined || !this.#vitals.isIdle(nowMs)) return;
    this.#drop();
    this.keeper.abandon();
  }

  #arm(nowMs: number): void {
    if (this.#isWanted) this.#vitals.usedAtMs = nowMs;
    this.#showBusy(this.#isWanted);
    this.#alarm.by(this.#calls.nextDueMs());
    const soonestMs = nowMs + SILENCE_CHECK_MS;
    this.#alarm.by(Math.max(soonestMs, this.keeper.nextDueMs(nowMs)));
    if (nowMs < this.#holdUntilMs) this.#alarm.by(this.#holdUntilMs);
    if (this.#isAwaiting) this.#alarm.by(soonestMs);
    const look = this.#vitals.nextLookMs(nowMs, this.#watches.size > 0, this.#isWanted);
    if (this.#open !== undefined) this.#alarm.by(Math.max(soonestMs, look));
  }

  #showBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    if (isBusy) this.#keepAlive.hold();
    else this.#keepAlive.drop();
  }
}
