/** Against a sorted list: whoever is taken is the least far, and nobody is lost. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Slot } from '../../src/server/clients/gate.js';
import { IndexQueue } from '../../src/server/clients/index-queue.js';

const slot = (index: number) => ({ index }) as Slot;

test('it gives what a sorted list gives, whatever is done to it', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('push' as const), index: fc.nat(50) }),
    fc.record({ type: fc.constant('take' as const), index: fc.nat(50) }),
    fc.record({ type: fc.constant('keep' as const), index: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new IndexQueue();
      let list: number[] = [];
      for (const { type, index } of steps) {
        if (type === 'push') {
          queue.push(slot(index));
          list = [...list, index].sort((a, b) => a - b);
        } else if (type === 'take') {
          const expected = list[0] !== undefined && list[0] <= index ? list.shift() : undefined;
          expect(queue.take(index)?.index).toBe(expected);
        } else {
          queue.keep((one) => one.index % 3 !== index % 3);
          list = list.filter((each) => each % 3 !== index % 3);
        }
        expect(queue.length).toBe(list.length);
      }
    }),
    { numRuns: 300 },
  );
});
