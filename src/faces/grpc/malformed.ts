/**
 * Requests that are no valid protobuf. grpc-js would answer INTERNAL; that is ours to say, and it is
 * the caller's fault: the decoder gives this marker instead of throwing.
 */
import type { Method } from '../../rpc/shapes.js';
import { RollcallError } from '../../types/errors.js';

export class Malformed {
  readonly error: RollcallError;

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'not a message';
    this.error = new RollcallError('PROTOCOL', `malformed request: ${reason}`, { cause });
  }
}

type Definition = Readonly<Record<string, Method<never, never>>>;

/** The same service with decoders that never throw: a handler gets the message or `Malformed`. */
export function tolerant<Service extends object>(service: Service): Service {
  const methods = Object.entries(service as Definition).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: (bytes: Buffer) => decode(method, bytes) },
  ]);
  return Object.fromEntries(methods) as Service;
}

function decode(method: Method<never, never>, bytes: Buffer): unknown {
  try {
    return method.requestDeserialize(bytes);
  } catch (error) {
    return new Malformed(error);
  }
}
