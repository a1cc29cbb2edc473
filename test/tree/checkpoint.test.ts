/**
 * A checkpoint holds the state of its revision, whatever is applied while it is encoded, and a tree loaded
 * from it cannot be told from one that applied everything.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/codec/row.js';
import type { DirtyRows } from '../../src/tree/dirty.js';
import { Tree } from '../../src/tree/tree.js';
import { asRevision, type Revision } from '../../src/types/ids.js';
import { create, Driver, openBody, remove, set } from './driver.js';
import { anyWideScript, type Step } from './scripts.js';

/** A store of rows: applies slices, hands everything out in key order. */
class Store {
  readonly #rows = new Map<string, Row>();
  deleted = 0;

  write(rows: DirtyRows, rowsMax = 3): void {
    for (let slice = rows.next(rowsMax); slice !== undefined; slice = rows.next(rowsMax)) {
      this.writeSlice(slice);
    }
  }

  writeSlice(slice: NonNullable<ReturnType<DirtyRows['next']>>): void {
    for (const row of slice.puts) this.#rows.set(hex(row.key), row);
    for (const key of slice.deletes) this.#rows.delete(hex(key));
    this.deleted += slice.deletes.length;
  }

  rows(): Row[] {
    return [...this.#rows.values()].sort((a, b) => Buffer.compare(a.key, b.key));
  }

  load(revision: Revision): Tree {
    const loader = Tree.load(revision);
    const rows = this.rows();
    for (let i = 0; i < rows.length; i += 4) loader.add(rows.slice(i, i + 4));
    const tree = loader.finish();
    if (tree === undefined) throw new Error('rows do not make a state');
    tree.checkTree();
    return tree;
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const everything = { limit: 1e6, bytesMax: 1e9 };
/** What each member says of them: access lists have numbers of its own, and are shown as they are. */
const run = (driver: Driver, steps: readonly Step[]) =>
  steps.map(({ body, asking }) => {
    const { events, ...result } = driver.apply(body, asking);
    const shown = events.map(({ aclId, ...event }) => ({ ...event, acl: driver.tree.acl(aclId) }));
    return { ...result, events: shown };
  });

function quiet(tree = new Tree()): Driver {
  const driver = new Driver(tree);
  driver.isChecking = false;
  return driver;
}

describe('a loaded tree', () => {
  it('has the digest of the saved one, and goes on as it would have', () => {
    fc.assert(
      fc.property(anyWideScript, fc.nat(), (script, cut) => {
        const at = cut % script.length;
        const saved = quiet();
        run(saved, script.slice(0, at));
        const store = new Store();
        const dirty = saved.tree.takeDirty();
        store.write(dirty);
        expect(dirty.digest).toBe(saved.tree.digest());
        const loaded = quiet(store.load(saved.tree.revision));
        loaded.time = saved.time;
        expect(loaded.tree.digest()).toBe(saved.tree.digest());
        expect(loaded.tree.subtree('/', everything)).toEqual(saved.tree.subtree('/', everything));
        expect(run(loaded, script.slice(at))).toEqual(run(saved, script.slice(at)));
        expect(loaded.tree.digest()).toBe(saved.tree.digest());
        loaded.tree.checkTree();
      }),
      { numRuns: 150 },
    );
  });

  it('is the same when saved in many steps, with entries applied between the slices', () => {
    fc.assert(
      fc.property(anyWideScript, fc.array(fc.nat(5), { minLength: 5 }), (script, pauses) => {
        const driver = quiet();
        const store = new Store();
        let saved: DirtyRows | undefined;
        let i = 0;
        script.forEach((step, at) => {
          run(driver, [step]);
          const slice = saved?.next(1 + pauses[at % pauses.length]!);
          if (slice !== undefined) {
            store.writeSlice(slice);
            return;
          }
          if (saved !== undefined) expect(store.load(saved.revision).digest()).toBe(saved.digest);
          if (pauses[i++ % pauses.length]! < 2) saved = driver.tree.takeDirty();
          else saved = undefined;
        });
        if (saved !== undefined) store.write(saved);
        store.write(driver.tree.takeDirty());
        expect(store.load(driver.tree.revision).digest()).toBe(driver.tree.digest());
        driver.tree.checkTree();
      }),
      { numRuns: 150 },
    );
  });

  it('has no history: watches from before it are told so', () => {
    const driver = quiet();
    run(driver, [{ body: create('/a'), asking: {} }]);
    const store = new Store();
    store.write(driver.tree.takeDirty());
    const loaded = store.load(driver.tree.revision);
    expect(loaded.since(asRevision(0), () => true)).toBe('compacted');
    expect(loaded.since(loaded.revision, () => true)).toEqual({
      batches: [],
      through: loaded.revision,
    });
  });
});

describe('a checkpoint', () => {
  it('holds what changed since the last one and nothing else', () => {
    const driver = new Driver();
    for (const path of ['/a', '/b', '/c']) driver.ask(create(path));
    const store = new Store();
    store.write(driver.tree.takeDirty());
    expect(store.rows()).toHaveLength(4);
    driver.ask(set('/b', 'x'));
    driver.ask(set('/b', 'y'));
    const dirty = driver.tree.takeDirty();
    expect(dirty.remaining).toBe(1);
    store.write(dirty);
    expect(store.load(driver.tree.revision).digest()).toBe(driver.tree.digest());
  });

  it('says nothing of nodes that came and went between two', () => {
    const driver = new Driver();
    driver.tree.takeDirty().next(1000);
    for (let i = 0; i < 10; i++) {
      driver.ask(create('/a'));
      driver.ask(remove('/a'));
    }
    const slice = driver.tree.takeDirty().next(1000)!;
    expect(slice.deletes).toEqual([]);
    expect(slice.puts).toHaveLength(1);
  });

  it('holds what a transaction deleted and took back, new or known', () => {
    const refused = {
      kind: 'transact',
      guards: [],
      operations: [remove('/a'), create('/a'), remove('/no')],
    } as const;
    for (const isKnown of [true, false]) {
      const driver = new Driver();
      const store = new Store();
      if (!isKnown) store.write(driver.tree.takeDirty());
      driver.ask(create('/a'));
      if (isKnown) store.write(driver.tree.takeDirty());
      expect(driver.answer(refused)).toBe('NO_NODE');
      store.write(driver.tree.takeDirty());
      expect(store.load(driver.tree.revision).get('/a')).toEqual(driver.tree.get('/a'));
    }
  });

  it('removes what an earlier one held', () => {
    const driver = new Driver();
    const store = new Store();
    driver.ask(create('/a'));
    store.write(driver.tree.takeDirty());
    driver.ask(remove('/a'));
    driver.ask(create('/a'));
    driver.ask(remove('/a'));
    store.write(driver.tree.takeDirty());
    expect(store.deleted).toBe(1);
    expect(store.load(driver.tree.revision).digest()).toBe(driver.tree.digest());
  });

  it('is refused while the one before is not drained', () => {
    const driver = new Driver();
    driver.tree.takeDirty();
    expect(() => driver.tree.takeDirty()).toThrow('not drained');
  });
});

describe('rows that are not a state', () => {
  const saved = () => {
    const driver = new Driver();
    const session = driver.open();
    driver.ask(create('/a'));
    driver.ask(create('/a/e', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    const store = new Store();
    store.write(driver.tree.takeDirty());
    return { rows: store.rows(), driver };
  };
  const load = (rows: Row[]) => {
    const loader = Tree.load(asRevision(9));
    loader.add(rows);
    return loader.finish();
  };

  it.each([
    ['a node without its parent', 2],
    ['an ephemeral without its session', 0],
  ])('are damaged: %s', (_, missing) => {
    const { rows } = saved();
    expect(load(rows)).toBeDefined();
    expect(load(rows.filter((_row, i) => i !== missing))).toBeUndefined();
  });

  it('are found by the digest when one row is missing or another', () => {
    const { rows, driver } = saved();
    expect(load(rows)!.digest()).toBe(driver.tree.digest());
    expect(load(rows.slice(0, -1))!.digest()).not.toBe(driver.tree.digest());
  });

  it('never throw, whatever byte is flipped, and never keep the digest', () => {
    const { rows, driver } = saved();
    rows.forEach((row, at) => {
      for (let i = 0; i < row.value.length; i++) {
        const value = row.value.slice();
        value[i]! ^= 0x11;
        const tree = load(rows.map((r, j) => (j === at ? { key: r.key, value } : r)));
        if (tree !== undefined) expect(tree.digest()).not.toBe(driver.tree.digest());
      }
    });
  });
});

describe('the digest', () => {
  it('does not depend on the way to a state but on every part of it', () => {
    const open = openBody({ secret: 9 });
    const [one, other] = [new Driver(), new Driver()];
    for (const driver of [one, other]) {
      driver.ask(open);
      driver.ask(create('/a'));
    }
    expect(one.tree.digest()).toBe(other.tree.digest());
    one.ask({ kind: 'skip' }, { session: 1, epoch: 1, seq: 1 });
    expect(one.tree.digest()).not.toBe(other.tree.digest());
    other.ask({ kind: 'skip' }, { session: 1, epoch: 1, seq: 1 });
    expect(one.tree.digest()).toBe(other.tree.digest());
  });
});
