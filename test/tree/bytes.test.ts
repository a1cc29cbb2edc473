/** Values side by side in slabs: each keeps its bytes, and the dead do not pin the memory of the living. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type DataHolder, DataStore, dataOf, type Slab } from '../../src/tree/bytes.js';

class Holder implements DataHolder {
  slab: Slab | undefined = undefined;
  dataOffset = 0;
  dataLength = 0;
  isRemoved = false;
}

function filled(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).fill(seed);
}

const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Memory that the holders keep reachable, and what of it they need. */
function reachable(holders: Iterable<Holder>): { held: number; needed: number } {
  const slabs = new Set<Slab>();
  let needed = 0;
  for (const holder of holders) {
    if (holder.slab !== undefined) slabs.add(holder.slab);
    needed += holder.dataLength;
  }
  let held = 0;
  for (const slab of slabs) held += slab.bytes.length;
  return { held, needed };
}

const lengths = fc.oneof(fc.nat(200), fc.nat(200), fc.nat(5000));
const action = fc.record({
  holder: fc.nat(300),
  length: lengths,
  type: fc.constantFrom('put', 'put', 'put', 'remove'),
});

it('every holder sees what it put last, and views that were taken stay as they were', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 1500, size: 'max' }), (actions) => {
      const store = new DataStore();
      const holders = new Map<number, Holder>();
      const expected = new Map<number, Uint8Array>();
      const views: [Uint8Array, Uint8Array][] = [];
      actions.forEach(({ holder: at, length, type }, i) => {
        const holder = holders.get(at) ?? new Holder();
        if (type === 'put') {
          const data = filled(length, i % 256);
          store.put(holder, data);
          holders.set(at, holder);
          expected.set(at, data);
          if (i % 10 === 0) views.push([dataOf(holder), data]);
        } else if (holders.delete(at)) {
          holder.isRemoved = true;
          store.release(holder);
          expected.delete(at);
        }
      });
      for (const [at, holder] of holders)
        expect(isSame(dataOf(holder), expected.get(at)!)).toBe(true);
      for (const [view, data] of views) expect(isSame(view, data)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

it('few survivors among many dead do not keep their slabs', () => {
  const store = new DataStore();
  const survivors: Holder[] = [];
  for (let i = 0; i < 100_000; i++) {
    const holder = new Holder();
    store.put(holder, filled(100, 1));
    if (i % 100 === 0) survivors.push(holder);
    else {
      holder.isRemoved = true;
      store.release(holder);
    }
  }
  const { held, needed } = reachable(survivors);
  expect(needed).toBe(100_000);
  expect(held).toBeLessThan(needed * 4 + 32 * 1024);
});

it('values that are set again and again keep at most four times what they need', () => {
  const store = new DataStore();
  const holders = Array.from({ length: 1000 }, () => new Holder());
  for (let i = 0; i < 50_000; i++) store.put(holders[(i * 7919) % 1000]!, filled(90, i % 256));
  const { held, needed } = reachable(holders);
  expect(held).toBeLessThan(needed * 4 + 32 * 1024);
});

it('a release is taken back', () => {
  const store = new DataStore();
  const holder = new Holder();
  store.put(holder, filled(50, 7));
  holder.isRemoved = true;
  store.release(holder);
  holder.isRemoved = false;
  store.restore(holder);
  expect(dataOf(holder)).toEqual(filled(50, 7));
  expect(holder.slab!.live).toBe(50);
});
