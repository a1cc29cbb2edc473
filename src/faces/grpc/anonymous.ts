/**
 * The one attachment of all unary calls from one address. Calls that arrive in the same turn are submitted
 * as one batch; answers are given in slices, so that a burst of them delays nobody else. At its bound a call
 * is turned away before anything is proposed.
 */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { FaceMetrics } from '../../server/face.js';
import type { Attachment, Delivery, Request, Service, Sink } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { ATTACHMENT_REQUESTS_MAX, RETRY_AFTER_MS } from '../../types/limits.js';
import { type Answered, type Failure, refusalIn } from './responses.js';
import { callStatus } from './status.js';

/** Answers written in one go: about three milliseconds of grpc-js. */
const ANSWERS_PER_SLICE = 64;

/** What differs from method to method. */
export interface UnaryMethod {
  /** For metrics, as in Tree/Set. */
  readonly name: string;
  /** The response, encoded, or the error. */
  respond(delivery: Answered, message: never): Buffer | RollcallError;
}

export type UnaryCall = ServerUnaryCall<unknown, unknown>;
export type Reply = sendUnaryData<unknown>;

export class Anonymous implements Sink {
  readonly #attachment: Attachment;
  readonly #metrics: FaceMetrics;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #queue: Request[] = [];
  #answers: Delivery[] = [];
  #isSlicing = false;

  constructor(service: Service, metrics: FaceMetrics, identities: readonly string[]) {
    this.#metrics = metrics;
    this.#attachment = service.attach({ identities, ordered: false }, this);
  }

  /** Nobody waits for an answer. */
  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** The id for the next request; undefined when there is no room. */
  nextId(): number | undefined {
    return this.#pending.size >= ATTACHMENT_REQUESTS_MAX ? undefined : ++this.#lastId;
  }

  submit(request: Request & { readonly id: number }, pending: Pending): void {
    this.#pending.set(request.id, pending);
    if (this.#queue.push(request) === 1) setImmediate(this.#flush);
  }

  deliver(batch: readonly Delivery[]): void {
    if (!this.#isSlicing && batch.length <= ANSWERS_PER_SLICE) return this.#answerAll(batch);
    for (const delivery of batch) this.#answers.push(delivery);
    if (this.#isSlicing) return;
    this.#isSlicing = true;
    setImmediate(this.#slice);
  }

  /** Unary answers are small and each has a caller that waits: they are never held back. */
  unsentBytes(): number {
    return 0;
  }

  close(): void {
    this.#attachment.close('local');
  }

  readonly #flush = (): void => {
    const requests = this.#queue;
    this.#queue = [];
    this.#metrics.inFlight(requests.length);
    this.#attachment.submit(requests);
  };

  readonly #slice = (): void => {
    this.#answerAll(this.#answers.splice(0, ANSWERS_PER_SLICE));
    this.#isSlicing = this.#answers.length > 0;
    if (this.#isSlicing) setImmediate(this.#slice);
  };

  #answerAll(batch: readonly Delivery[]): void {
    const now = performance.now();
    let answered = 0;
    for (const delivery of batch) {
      const pending = 'id' in delivery ? this.#pending.get(delivery.id) : undefined;
      if (pending === undefined || !isAnswer(delivery)) continue;
      this.#pending.delete(delivery.id);
      answered++;
      const code = pending.answer(delivery);
      this.#metrics.request(pending.method.name, code, (now - pending.startedMs) / 1000);
    }
    this.#metrics.inFlight(-answered);
  }
}

function isAnswer(delivery: Delivery): delivery is Answered | Failure {
  const { type } = delivery;
  return type === 'outcome' || type === 'answer' || type === 'failure';
}

/** A call that waits. */
export class Pending {
  readonly method: UnaryMethod;
  readonly startedMs: number;
  readonly #message: unknown;
  readonly #reply: Reply;

  constructor(method: UnaryMethod, message: unknown, reply: Reply) {
    this.method = method;
    this.startedMs = performance.now();
    this.#message = message;
    this.#reply = reply;
  }

  /** The code for the metrics. */
  answer(delivery: Answered | Failure): string {
    const refusal = refusalIn(delivery);
    if (refusal !== undefined) return this.#fail(refusal.error, refusal.position);
    const response = this.method.respond(delivery as Answered, this.#message as never);
    if (response instanceof RollcallError) return this.#fail(response);
    this.#reply(null, response);
    return 'OK';
  }

  #fail(error: RollcallError, position = 0): string {
    this.#reply(callStatus(error, position));
    return error.code;
  }
}

export function overloaded(): RollcallError {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return new RollcallError('OVERLOADED', 'too many calls are open at this member', options);
}
