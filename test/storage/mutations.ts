/** What chance, a bad cable or a careless hand does to a file: bytes in, other bytes out, or none. */
import { SECTOR_BYTES } from '../../src/storage/log/frame.js';
import type { Random } from '../../src/types/ports.js';

export interface Mutation {
  readonly name: string;
  /** undefined: the file is gone. */
  readonly bytes: Uint8Array | undefined;
}

type Mutate = (bytes: Uint8Array, random: Random) => Uint8Array | undefined;

const MUTATIONS: readonly (readonly [string, Mutate])[] = [
  ['a flipped bit', flipBit],
  ['random bytes in a row', (bytes, random) => fill(bytes, random, () => random.below(256))],
  ['zeros in a row', (bytes, random) => fill(bytes, random, () => 0)],
  ['all bits set in a row', (bytes, random) => fill(bytes, random, () => 255)],
  ['cut short', cutShort],
  ['emptied', () => new Uint8Array(0)],
  ['garbage behind its end', (bytes, random) => Uint8Array.of(...bytes, ...noise(random))],
  ['a part of it moved', moved],
  ['gone', () => undefined],
];

export function mutate(bytes: Uint8Array, random: Random): Mutation {
  const [name, change] = MUTATIONS[random.below(MUTATIONS.length)]!;
  return { name, bytes: change(bytes.slice(), random) };
}

/** Never between two sectors: there, nothing tells it from a log that ended. */
function cutShort(bytes: Uint8Array, random: Random): Uint8Array {
  const length = random.below(bytes.length);
  return bytes.slice(0, length % SECTOR_BYTES === 0 ? length + 1 : length);
}

/** Most of a file may be room that was never written to. */
function somewhere(bytes: Uint8Array, random: Random): number {
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return random.below(Math.max(1, used));
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  bytes[somewhere(bytes, random)]! ^= 1 << random.below(8);
  return bytes;
}

function fill(bytes: Uint8Array, random: Random, value: () => number): Uint8Array {
  const start = somewhere(bytes, random);
  const end = Math.min(bytes.length, start + 1 + random.below(700));
  for (let i = start; i < end; i++) bytes[i] = value();
  return bytes;
}

function moved(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = [somewhere(bytes, random), somewhere(bytes, random)];
  bytes.copyWithin(to, from, from + 1 + random.below(600));
  return bytes;
}

function noise(random: Random): number[] {
  return Array.from({ length: 1 + random.below(300) }, () => random.below(256));
}
