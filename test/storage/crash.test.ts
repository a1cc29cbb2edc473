/**
 * The log under power loss at every step: whatever was acknowledged is there, whatever is there was
 * written, in order. A plain list of entries is the model.
 */
import { describe, expect, it } from 'vitest';
import type { LogStore } from '../../src/storage/wal.js';
import { asIndex } from '../../src/types/ids.js';
import type { LogWrite, SnapshotMeta } from '../../src/types/log.js';
import type { Random } from '../../src/types/ports.js';
import {
  base,
  createRandom,
  createStoppingDisk,
  entriesOf,
  open,
  run,
  settleAll,
  vote,
} from './wal-support.js';

interface Model {
  readonly base: number;
  readonly entries: readonly string[];
  readonly term: number;
}

const EMPTY: Model = { base: 0, entries: [], term: 0 };
const TINY = { segmentBytes: 3072, allocateBytes: 1024 };

const lastOf = (model: Model): number => model.base + model.entries.length;
const termAt = (model: Model, index: number): number =>
  Number(model.entries[index - model.base - 1]!.split(':')[1]);

interface Step {
  readonly after: Model;
  readonly perform: (log: LogStore) => Promise<void>;
}

function nextStep(model: Model, random: Random): Step {
  const choice = random.below(10);
  if (choice === 0 && model.entries.length > 0) return trimStep(model, random);
  if (choice === 1) return resetStep(model, random);
  return appendStep(model, { cut: choice === 2 && model.entries.length > 0, random });
}

function appendStep(model: Model, by: { cut: boolean; random: Random }): Step {
  const { random } = by;
  const kept = by.cut ? random.below(model.entries.length) : model.entries.length;
  const term = Math.max(1, model.term + (by.cut ? 1 : random.below(2)));
  const first = model.base + kept + 1;
  const added = run(first, 1 + random.below(random.below(4) === 0 ? 900 : 3), term);
  const entries = [...model.entries.slice(0, kept), ...entriesOf([added])];
  const write: LogWrite = {
    ...(by.cut ? { truncateFrom: asIndex(first) } : {}),
    runs: [added],
    hardState: vote(term),
  };
  return { after: { ...model, entries, term }, perform: (log) => log.append(write) };
}

function trimStep(model: Model, random: Random): Step {
  const index = model.base + 1 + random.below(model.entries.length);
  const to = base(index, termAt(model, index));
  const entries = model.entries.slice(index - model.base);
  return { after: { ...model, base: index, entries }, perform: (log) => log.trim(to) };
}

function resetStep(model: Model, random: Random): Step {
  const index = lastOf(model) + 1 + random.below(5);
  const term = Math.max(1, model.term);
  const to: SnapshotMeta = base(index, term);
  return {
    after: { ...model, base: index, entries: [] },
    perform: (log) => log.reset(to, `state-${index}`),
  };
}

/** Runs steps, up to two at a time, until the disk stops; answers the models that may be found after it. */
async function runUntilStopped(log: LogStore, start: Model, random: Random): Promise<Model[]> {
  const models = [start];
  let acknowledged = 0;
  for (let i = 1; i <= 12; i++) {
    const step = nextStep(models.at(-1)!, random);
    models.push(step.after);
    const position = i;
    step.perform(log).then(
      () => {
        acknowledged = Math.max(acknowledged, position);
      },
      () => {},
    );
    if (random.below(3) > 0) await settleAll();
    if (acknowledged < i - 1) break;
  }
  await settleAll();
  return models.slice(acknowledged);
}

describe('the log after a power loss', () => {
  it.each([1, 2, 3, 4])(
    'has all that was acknowledged and nothing else (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const { disk, stopAfter } = createStoppingDisk();
      let model = EMPTY;
      for (let life = 0; life < 60; life++) {
        stopAfter(Number.POSITIVE_INFINITY);
        const { log, recovered } = await open(disk, { ...TINY, random });
        expect(recovered.damage).toBe(undefined);
        stopAfter(1 + random.below(40));
        const possible = await runUntilStopped(log, model, random);
        disk.crash(random);
        // Recovery itself may lose power too.
        stopAfter(random.below(20));
        void open(disk, { ...TINY, random }).catch(() => {});
        await settleAll();
        disk.crash(random);
        stopAfter(Number.POSITIVE_INFINITY);
        const found = (await open(disk, { ...TINY, random })).recovered;
        disk.kill();
        expect(found.damage).toBe(undefined);
        const seen = describeLog(found.base.index, entriesOf(found.runs), found.hardState.term);
        const models = possible.map((one) => describeLog(one.base, one.entries, one.term));
        expect(models).toContain(seen);
        model = possible[models.indexOf(seen)]!;
      }
    },
  );
});

describe('a frame that a killed process left without its sync', () => {
  it('is whole or gone, however the next start is cut short', async () => {
    const seen = new Set<string>();
    for (let trial = 0; trial < 400; trial++) {
      const random = createRandom(trial);
      const { disk, stopAfter } = createStoppingDisk();
      const { log } = await open(disk, { random });
      stopAfter(1);
      void log.append({ runs: [run(1, 1200)] });
      await settleAll();
      disk.kill();
      stopAfter(trial % 25);
      void open(disk, { random }).catch(() => {});
      await settleAll();
      disk.crash(random);
      stopAfter(Number.POSITIVE_INFINITY);
      const { recovered } = await open(disk, { random });
      seen.add(`${recovered.damage} ${entriesOf(recovered.runs).length}`);
    }
    expect([...seen].sort()).toEqual(['undefined 0', 'undefined 1200']);
  });
});

function describeLog(baseIndex: number, entries: readonly string[], term: number): string {
  return `base ${baseIndex} term ${term}: ${entries.join(' ')}`;
}
