/**
 * Both ends of a checkpoint transfer. It has a connection of its own, so that no vote or heartbeat ever waits
 * behind rows, and it is pulled: the sender reads on only when the receiver has taken what was sent. A transfer
 * without a chunk for STALL_MS is broken off; the receiver resumes after the last key that it has.
 */
import { once } from 'node:events';
import { type ServerWritableStream, type ServiceError, status } from '@grpc/grpc-js';
import { RollcallError } from '../../types/errors.js';
import { asIndex, asTerm, type ClusterId, type MemberId } from '../../types/ids.js';
import type { CheckpointChunk, CheckpointRequest } from '../transport.js';
import {
  type ChunkMessage,
  type Dial,
  dialPeer,
  type FetchMessage,
  PEER_METHODS,
} from './service.js';

export type FetchCall = ServerWritableStream<FetchMessage, ChunkMessage>;

const STALL_MS = 10_000;
const NOTHING = new Uint8Array(0);

export interface FetchOptions {
  readonly dial: Dial;
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly request: CheckpointRequest;
  /** Aborted when the transport closes. */
  readonly signal: AbortSignal;
}

/** Ends after the chunk that is `done`; anything else that ends it throws RollcallError UNAVAILABLE. */
export async function* fetchChunks(options: FetchOptions): AsyncGenerator<CheckpointChunk> {
  const client = dialPeer(options.dial);
  const { path, requestSerialize, responseDeserialize } = PEER_METHODS.fetchCheckpoint;
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    fetchMessage(options),
  );
  const stop = (): void => call.cancel();
  options.signal.addEventListener('abort', stop);
  let stall = setTimeout(stop, STALL_MS);
  // Without a listener an error after the last read would have nowhere to go.
  call.on('error', stop);
  try {
    for await (const message of call as AsyncIterable<ChunkMessage>) {
      // The time that the receiver takes for a chunk is not the sender's.
      clearTimeout(stall);
      yield toChunk(message);
      if (message.done) return;
      stall = setTimeout(stop, STALL_MS);
    }
    throw new RollcallError('UNAVAILABLE', 'the transfer ended before its last chunk');
  } catch (error) {
    throw toTransferError(error);
  } finally {
    clearTimeout(stall);
    options.signal.removeEventListener('abort', stop);
    call.cancel();
    client.close();
  }
}

function fetchMessage({ clusterId, memberId, request }: FetchOptions): FetchMessage {
  const { index, term, afterKey } = request;
  return { clusterId, memberId, index, term, afterKey: afterKey ?? NOTHING };
}

function toChunk({ meta, rows, done }: ChunkMessage): CheckpointChunk {
  const chunk = { rows: plain(rows), done };
  return meta.length > 0 ? { ...chunk, meta: plain(meta) } : chunk;
}

/** Not a Buffer, whose `slice` would be a view. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function toTransferError(error: unknown): Error {
  if (error instanceof RollcallError) return error;
  const reason = (error as ServiceError).details ?? String(error);
  return new RollcallError('UNAVAILABLE', `checkpoint transfer: ${reason}`, { cause: error });
}

export type Serve = (request: CheckpointRequest) => AsyncIterable<CheckpointChunk>;

/** The sending end. Never rejects. */
export async function serveChunks(call: FetchCall, serve: Serve): Promise<void> {
  const request = readRequest(call.request);
  if (request === undefined) {
    call.emit('error', { code: status.INVALID_ARGUMENT, details: 'index or term out of range' });
    return;
  }
  const over = new AbortController();
  call.on('cancelled', () => over.abort());
  call.on('error', () => over.abort());
  try {
    for await (const { meta = NOTHING, rows, done } of serve(request)) {
      if (over.signal.aborted) return;
      const ready = call.write({ meta, rows, done });
      if (!ready) await once(call, 'drain', { signal: over.signal });
    }
    call.end();
  } catch (error) {
    if (!over.signal.aborted)
      call.emit('error', { code: status.UNAVAILABLE, details: String(error) });
  }
}

function readRequest({ index, term, afterKey }: FetchMessage): CheckpointRequest | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(term)) return undefined;
  return {
    index: asIndex(index),
    term: asTerm(term),
    afterKey: afterKey.length > 0 ? plain(afterKey) : undefined,
  };
}
