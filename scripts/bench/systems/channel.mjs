/** Raw gRPC calls: paths and bytes, no codec, so that every system is measured by the same client. */
import { Client, credentials } from '@grpc/grpc-js';

const RECONNECT = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 200,
  // A connection of its own for every channel.
  'grpc.use_local_subchannel_pool': 1,
};

const asIs = (bytes) => bytes;

export function openChannel(address) {
  const client = new Client(address, credentials.createInsecure(), RECONNECT);
  return {
    call: (path, message, timeoutMs = 5_000) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + timeoutMs;
        const done = (error, answer) => (error === null ? resolve(answer) : reject(error));
        client.makeUnaryRequest(path, asIs, asIs, message, { deadline }, done);
      }),
    /** One request, many answers. */
    subscribe: (path, message) => client.makeServerStreamRequest(path, asIs, asIs, message),
    /** Requests and answers on one stream. */
    converse: (path) => client.makeBidiStreamRequest(path, asIs, asIs),
    close: () => client.close(),
  };
}
