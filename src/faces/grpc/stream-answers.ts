/** What the service delivers to a session stream, as items: answers, refusals and notices. */
import type * as wire from '../../gen/index.js';
import { wholeMs } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Delivery } from '../../server/service.js';
import type { RollcallError } from '../../types/errors.js';
import { answerResponse, errorResponse, type Memory } from './operations.js';
import { type Answered, type Failure, refusalIn } from './responses.js';
import type { StreamFrames } from './stream-frame.js';

/** Of an operation that waits for its answer. */
export interface Remembered {
  readonly memory: Memory | undefined;
  /** The operation was not valid: its seq is consumed by a skip, its answer is this. */
  readonly invalid: RollcallError | undefined;
}

type Item = Outgoing<wire.StreamItem>;

/** The answers of nearly all traffic; false for any other. */
export function addHotAnswer(frames: StreamFrames, delivery: Answered | Failure): boolean {
  if (delivery.type === 'outcome') {
    const { id, outcome, revision } = delivery;
    if (outcome.type === 'set') frames.addSet(id, outcome, revision);
    else if (outcome.type === 'created') frames.addCreated(id, outcome, revision);
    else if (outcome.type === 'deleted') frames.addDeleted(id, revision);
    else return false;
    return true;
  }
  if (delivery.type !== 'answer' || delivery.answer.type !== 'node') return false;
  frames.addNode(delivery.id, delivery.answer.node, delivery.revision);
  return true;
}

/** The response to a request, and the code for the metrics. */
export function responseTo(delivery: Answered | Failure, open: Remembered) {
  const { id } = delivery;
  const isSkip = open.invalid !== undefined && delivery.type !== 'failure';
  if (isSkip) return { response: errorResponse(id, open.invalid), code: open.invalid.code };
  const refusal = refusalIn(delivery);
  if (refusal !== undefined) {
    const { error, position } = refusal;
    return { response: errorResponse(id, error, position), code: error.code };
  }
  return { response: answerResponse(delivery as Answered, open.memory), code: 'OK' };
}

type Notice = Exclude<
  Delivery,
  { readonly type: 'outcome' | 'answer' | 'failure' | 'events' | 'snapshot' }
>;

export function itemOf(notice: Notice): Item {
  switch (notice.type) {
    case 'touched':
      return { touched: notice.number };
    case 'bookmark':
      return { bookmark: notice.revision };
    case 'stale':
      return { stale: { ageMs: wholeMs(notice.ageMs) } };
    case 'live':
      return { live: notice.revision };
    case 'sessionEnded':
      return { ended: { cause: notice.cause } };
    default:
      return { progress: true };
  }
}
