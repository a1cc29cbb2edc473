/**
 * The types that the generated message types are built from. A decoded message has every field: 64-bit
 * fields and enums are numbers, bytes are views on the received buffer, absent messages and members of
 * a oneof are undefined. Defaults are read through the prototype, so a decoded message must not be
 * spread or cloned: read its fields. What is sent may leave out anything.
 */

/** A message to be sent: absent fields mean their defaults. */
export type Outgoing<T> = T extends Uint8Array | string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Outgoing<Item>[]
    : { readonly [Key in keyof T]?: Outgoing<T[Key]> | undefined };

/** A method in the shape that grpc-js takes. A Buffer to be sent is already encoded. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly originalName: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: Buffer | Outgoing<Request>) => Buffer;
  /** Why this cannot be sent, as `.field: what is wanted`. */
  readonly requestProblem: (message: Outgoing<Request>) => string | undefined;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (message: Buffer | Outgoing<Response>) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface Codec<Message> {
  /** A Buffer passes through unchanged. */
  encode(message: Buffer | Outgoing<Message>): Buffer;
  /** Why this cannot be sent, as `.field: what is wanted`; encoding does not look. */
  readonly problem: (message: Outgoing<Message>) => string | undefined;
  /** Throws on anything malformed and on 64-bit numbers above 2^53 − 1. */
  decode(bytes: Uint8Array): Message;
}
