/** A message with every field, whether it was written or left at its default. */
import type { Messages } from '../../../src/gen/index.js';
import { codec, schema } from '../../../src/rpc/definitions.js';

export function full(name: keyof Messages, bytes: Buffer): object {
  const type = schema().root.lookupType(`rollcall.v1.${name}`);
  const options = { defaults: true, oneofs: true, longs: Number, bytes: Array };
  return type.toObject(codec(name).decode(bytes) as never, options);
}
