/** Slabs under values that come, change and go: each holds what was put, and counts what stands. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type DataHolder, DataStore, dataOf, type Slab } from '../../src/tree/bytes.js';

class Holder implements DataHolder {
  slab: Slab | undefined = undefined;
  dataOffset = 0;
  dataLength = 0;
  isRemoved = false;
  fill = 0;
}

function expectWhole(holders: readonly Holder[]): void {
  const live = new Map<Slab, number>();
  for (const holder of holders) {
    expect(dataOf(holder).every((byte) => byte === holder.fill)).toBe(true);
    const { slab, dataLength } = holder;
    if (slab !== undefined) live.set(slab, (live.get(slab) ?? 0) + dataLength);
  }
  for (const [slab, bytes] of live) expect(slab.live).toBe(bytes);
}

const step = fc.record({
  type: fc.constantFrom('add', 'set', 'set', 'set', 'remove'),
  which: fc.nat(),
  length: fc.constantFrom(0, 1, 500, 2_000, 2_048, 2_049),
});

it('every value stays what it was, and every slab counts what stands in it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const store = new DataStore();
      const holders: Holder[] = [];
      for (const { type, which, length } of steps) {
        const holder = type === 'add' ? new Holder() : holders[which % holders.length];
        if (holder === undefined) continue;
        if (type === 'add') holders.push(holder);
        if (type === 'remove') {
          holder.isRemoved = true;
          store.release(holder);
          holders.splice(holders.indexOf(holder), 1);
          continue;
        }
        holder.fill = (holder.fill + 1) % 256;
        store.put(holder, new Uint8Array(length).fill(holder.fill));
      }
      expectWhole(holders);
    }),
    { numRuns: 200 },
  );
});
