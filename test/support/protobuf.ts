/** Protobuf written by hand: what no encoder of ours would write. */

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** A field that holds a text, bytes or a message. */
export function bytesField(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);
}

export function numberField(number: number, value: number | Buffer): Buffer {
  const bytes = typeof value === 'number' ? varint(value) : value;
  return Buffer.concat([varint(number << 3), bytes]);
}
