/** The ordered list of children against a plain sorted array. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChildList } from '../../src/tree/children.js';

interface Child {
  readonly path: string;
  readonly createRevision: number;
  readonly ordinal: number;
}

const child = (name: string | number, createRevision = 0): Child => ({
  path: `/p/${name}`,
  createRevision,
  ordinal: 0,
});

function walk(list: ChildList<Child>, from = ''): string[] {
  const cursor = list.cursor(from);
  const paths: string[] = [];
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) paths.push(next.path);
  return paths;
}

describe('a list of children', () => {
  it('is in order after any inserts and removals', () => {
    const action = fc.record({ name: fc.integer({ min: 0, max: 3000 }), isInsert: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 3000, size: 'max' }),
        fc.nat(3000),
        (actions, from) => {
          const list = new ChildList<Child>();
          const twin = new Map<string, Child>();
          actions.forEach(({ name, isInsert }, i) => {
            const made = child(name, i);
            const known = twin.get(made.path);
            if (isInsert && known === undefined) {
              list.insert(made);
              twin.set(made.path, made);
            } else if (!isInsert && known !== undefined) {
              list.remove(known);
              twin.delete(made.path);
            }
          });
          const sorted = [...twin.keys()].sort();
          expect(list.size).toBe(sorted.length);
          expect(walk(list)).toEqual(sorted);
          expect(walk(list, `/p/${from}`)).toEqual(sorted.filter((path) => path >= `/p/${from}`));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps the order of joining through later joins and leaves', () => {
    const list = new ChildList<Child>();
    const made = ['c', 'a', 'b'].map((name, i) => child(name, i + 1));
    for (const one of made) list.insert(one);
    const order = () => list.byCreation().map((one) => one.path);
    expect(order()).toEqual(['/p/c', '/p/a', '/p/b']);
    list.insert(child('0', 9));
    expect(order()).toEqual(['/p/c', '/p/a', '/p/b', '/p/0']);
    list.remove(made[1]!);
    expect(order()).toEqual(['/p/c', '/p/b', '/p/0']);
    list.insert(made[1]!);
    expect(order()).toEqual(['/p/c', '/p/a', '/p/b', '/p/0']);
  });

  it('survives a storm of ordered joins and of leaves from either end', () => {
    for (const order of ['up', 'down'] as const) {
      const list = new ChildList<Child>();
      const made = Array.from({ length: 5000 }, (_, i) => child(String(i).padStart(6, '0')));
      for (const one of made) list.insert(one);
      if (order === 'down') made.reverse();
      for (const one of made.slice(0, 4990)) list.remove(one);
      expect(walk(list)).toEqual(
        made
          .slice(4990)
          .map((one) => one.path)
          .sort(),
      );
    }
  });
});
