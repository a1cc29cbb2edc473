/**
 * The port to one member. A channel is one connection with any number of session streams on it; it
 * never reconnects by itself to hide a failure: once it has failed it is dropped, and another is made.
 */
import type { StreamRequest, StreamResponse } from '../../gen/index.js';
import type { Method, Outgoing } from '../../rpc/shapes.js';
import type { RollcallError } from '../../types/errors.js';

export interface Channel {
  /** HOST:PORT. */
  readonly endpoint: string;
  readonly isConnected: boolean;
  /** Connects without a stream; `failed` is called at most once, when the connection cannot be made or is gone. */
  connect(watcher: ConnectionWatcher): void;
  open(handler: StreamHandler): ChannelStream;
  /** A call of its own. What failed before it was sent says `not-applied`. */
  ask<Request, Response>(
    method: Method<Request, Response>,
    request: Outgoing<Request>,
    terms: AskTerms,
  ): Promise<Response>;
  /** Ends every stream on it without a further word to their handlers. */
  close(): void;
}

export interface AskTerms {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectionWatcher {
  connected(): void;
  failed(error: RollcallError): void;
}

export interface ChannelStream {
  /** False: the connection is behind; wait for `drained`. */
  send(frame: Outgoing<StreamRequest>): boolean;
  /** The client's side is done; nothing more is delivered. */
  close(): void;
}

export interface StreamHandler {
  frame(frame: StreamResponse): void;
  drained(): void;
  /** The stream is over, by the member or the network. Called once, never after `close`. */
  ended(error: RollcallError): void;
}

export type ChannelFactory = (endpoint: string) => Channel;
