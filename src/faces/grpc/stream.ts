/**
 * One session stream: batches of operations in, one message of items out per turn. Order is the
 * attachment's; here are only the open ids, what is needed to answer them, and the bounds. An operation
 * that makes no sense is answered with an error; only a frame that is no message ends the stream.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import type { Attachment, Delivery, Request, Sink } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { ATTACHMENT_REQUESTS_MAX, UNREAD_OPERATIONS_MAX } from '../../types/limits.js';
import { AckBound } from './ack-bound.js';
import { overloaded } from './anonymous.js';
import { addressOf, identitiesOf } from './callers.js';
import type { GrpcContext, LongCall } from './context.js';
import { watchResponses } from './event-bytes.js';
import { Malformed } from './malformed.js';
import { errorResponse, understand } from './operations.js';
import { Outlet, type WritableCall } from './outlet.js';
import { endOf } from './peer-close.js';
import { writeRequest } from './requests.js';
import type { Answered, Failure } from './responses.js';
import { moving } from './status.js';
import { addHotAnswer, itemOf, type Remembered, responseTo } from './stream-answers.js';
import { StreamFrames } from './stream-frame.js';

/** An operation without an answer yet. */
interface Open extends Remembered {
  readonly name: string;
  readonly startedMs: number;
}

export class SessionStream implements Sink, LongCall {
  readonly #context: GrpcContext;
  readonly #outlet: Outlet;
  readonly #attachment: Attachment;
  readonly #peer: string;
  readonly #open = new Map<number, Open>();
  readonly #frames = new StreamFrames();
  readonly #acks = new AckBound();
  #unread = 0;
  #takenSeen = 0;

  constructor(
    context: GrpcContext,
    call: ServerDuplexStream<wire.StreamRequest | Malformed, Buffer>,
  ) {
    this.#context = context;
    this.#peer = addressOf(call);
    this.#outlet = new Outlet(call as unknown as WritableCall, () => this.#attachment.drained());
    const identities = identitiesOf(this.#peer);
    this.#attachment = context.service.attach({ identities, ordered: true }, this);
    context.longCalls.add(this);
    call.on('data', (frame: wire.StreamRequest | Malformed) => this.#receive(frame));
    const end = endOf(call);
    call.on('end', () => this.#ended(end()));
    call.on('cancelled', () => this.#close(end()));
  }

  deliver(batch: readonly Delivery[]): void {
    const now = performance.now();
    const openBefore = this.#open.size;
    for (const delivery of batch) this.#add(delivery, now);
    this.#context.metrics.inFlight(this.#open.size - openBefore);
    this.#send();
  }

  unsentBytes(): number {
    return this.#outlet.heldBytes();
  }

  move(): void {
    this.#fail(moving());
  }

  #receive(frame: wire.StreamRequest | Malformed): void {
    if (frame instanceof Malformed) return this.#fail(frame.error);
    if (!this.#isRead(frame))
      return this.#fail(new RollcallError('OVERLOADED', 'nobody reads answers'));
    const requests: Request[] = [];
    const openBefore = this.#open.size;
    const now = performance.now();
    for (const operation of frame.operations) this.#accept(operation, requests, now);
    const problem = this.#acknowledge(frame.ackedSeq);
    if (problem !== undefined) return this.#fail(problem);
    if (frame.touch > 0) requests.push({ type: 'touch', number: frame.touch });
    this.#context.metrics.inFlight(this.#open.size - openBefore);
    this.#attachment.submit(requests);
    this.#send();
  }

  #acknowledge(ackedSeq: number): RollcallError | undefined {
    if (ackedSeq === 0) return undefined;
    const problem = this.#acks.acked(ackedSeq);
    if (problem === undefined) this.#attachment.acknowledge(ackedSeq);
    return problem;
  }

  /** A refusal of each operation waits for a client that reads nothing; then it is sent away. */
  #isRead({ operations }: wire.StreamRequest): boolean {
    if (this.#takenSeen !== this.#outlet.taken || this.#outlet.unsentBytes() === 0) {
      this.#takenSeen = this.#outlet.taken;
      this.#unread = 0;
    }
    this.#unread += 1 + operations.length;
    return this.#unread <= UNREAD_OPERATIONS_MAX;
  }

  #accept(operation: wire.StreamOperation, requests: Request[], startedMs: number): void {
    const { id, seq } = operation;
    this.#acks.sent(seq);
    if (operation.operation === 'unwatch') {
      requests.push({ type: 'unwatch', watch: operation.unwatch! });
      return this.#frames.add({ response: { id, done: 0 } });
    }
    const problem = this.#roomProblem(id);
    if (problem !== undefined) return this.#frames.add({ response: errorResponse(id, problem) });
    const name = methodName(operation.operation);
    const { request, memory } = understand(operation, this.#peer);
    if (!(request instanceof RollcallError)) {
      this.#open.set(id, { name, startedMs, memory, invalid: undefined });
      requests.push(request);
    } else if (seq > 0) {
      this.#open.set(id, { name, startedMs, memory, invalid: request });
      requests.push(skip(operation));
    } else {
      this.#context.metrics.request(name, request.code, 0);
      this.#frames.add({ response: errorResponse(id, request) });
    }
  }

  #roomProblem(id: number): RollcallError | undefined {
    if (this.#open.size >= ATTACHMENT_REQUESTS_MAX) return overloaded();
    if (!this.#open.has(id)) return undefined;
    return new RollcallError('PROTOCOL', `id ${id} is that of an open request`);
  }

  #add(delivery: Delivery, now: number): void {
    switch (delivery.type) {
      case 'outcome':
      case 'answer':
      case 'failure':
        return this.#answer(delivery, now);
      case 'events':
      case 'snapshot':
        for (const bytes of watchResponses(delivery)) this.#frames.addWatch(delivery.watch, bytes);
        return;
      default:
        return this.#frames.add(itemOf(delivery));
    }
  }

  #answer(delivery: Answered | Failure, now: number): void {
    const open = this.#open.get(delivery.id);
    if (open === undefined) return;
    this.#open.delete(delivery.id);
    this.#noteAttached(delivery);
    const code = this.#addAnswer(delivery, open);
    this.#context.metrics.request(open.name, code, (now - open.startedMs) / 1000);
  }

  #noteAttached(delivery: Answered | Failure): void {
    if (delivery.type !== 'outcome' || delivery.outcome.type !== 'attached') return;
    const problem = this.#acks.attached(delivery.outcome.lastSeq);
    if (problem !== undefined) this.#fail(problem);
  }

  /** The code for the metrics. */
  #addAnswer(delivery: Answered | Failure, open: Open): string {
    if (open.invalid === undefined && addHotAnswer(this.#frames, delivery)) return 'OK';
    const { response, code } = responseTo(delivery, open);
    this.#frames.add({ response });
    return code;
  }

  #send(): void {
    for (const frame of this.#frames.take()) this.#outlet.write(frame);
  }

  #ended(reason: 'peerClosed' | 'local'): void {
    this.#close(reason);
    this.#outlet.end();
  }

  /** The attachment is closed in a later turn, because this may run inside one of its calls. */
  #fail(error: RollcallError): void {
    this.#outlet.fail(error);
    setImmediate(() => this.#close('local'));
  }

  #close(reason: 'peerClosed' | 'local'): void {
    if (!this.#context.longCalls.delete(this)) return;
    this.#attachment.close(reason);
    this.#context.metrics.inFlight(-this.#open.size);
    this.#open.clear();
  }
}

function skip({ id, seq, timeoutMs }: wire.StreamOperation): Request {
  return writeRequest({ kind: 'skip' }, { id, seq, timeoutMs }) as Request;
}

const methodNames = new Map<string, string>();

/** For metrics, as in Stream/set; made once for each. */
function methodName(operation = 'none'): string {
  let name = methodNames.get(operation);
  if (name === undefined) {
    name = `Stream/${operation}`;
    methodNames.set(operation, name);
  }
  return name;
}
