/**
 * Runs seeds without a test runner, thousands of them: one line a failure, a line of progress now and then, and
 * how to run a failing seed again. Started by `npm run sim`.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RUN, type RunResult, runSeed } from '../../sim/run.js';

export interface Range {
  readonly first: number;
  readonly seeds: number;
}

interface Report {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly revision: number;
}

const PROGRESS_MS = 10_000;
const PROBLEMS_SHOWN = 5;

async function work(next: () => Promise<number | undefined>): Promise<void> {
  for (let seed = await next(); seed !== undefined; seed = await next()) {
    const { problems, revision }: RunResult = await runSeed({ seed, ...RUN });
    parentPort!.postMessage({ seed, problems, revision } satisfies Report);
  }
}

function seedsOf({ first, seeds }: Range, offset: number, step: number) {
  let seed = first + offset;
  return () => {
    const current = seed;
    seed += step;
    return Promise.resolve(current < first + seeds ? current : undefined);
  };
}

/** Resolves with the number of seeds that broke a promise. */
async function lead(range: Range): Promise<number> {
  const jobs = Math.min(availableParallelism(), range.seeds);
  const tally = new Tally(range);
  const timer = setInterval(() => tally.progress(), PROGRESS_MS);
  await Promise.all(
    Array.from({ length: jobs }, (_, job) => runWorker({ range, job, jobs }, tally)),
  );
  clearInterval(timer);
  tally.progress();
  return tally.failures;
}

function runWorker(data: object, tally: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    worker.on('message', (report: Report) => tally.add(report));
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

class Tally {
  failures = 0;
  readonly #range: Range;
  readonly #startedAtMs = performance.now();
  #done = 0;
  #entries = 0;

  constructor(range: Range) {
    this.#range = range;
  }

  add({ seed, problems, revision }: Report): void {
    this.#done++;
    this.#entries += revision;
    if (problems.length === 0) return;
    this.failures++;
    const shown = problems.slice(0, PROBLEMS_SHOWN).map((problem) => `  ${problem}\n`);
    process.stdout.write(`seed ${seed} breaks a promise:\n${shown.join('')}`);
    process.stdout.write(`  again: npm run sim -- --seed ${seed}\n`);
  }

  progress(): void {
    const seconds = (performance.now() - this.#startedAtMs) / 1_000;
    const rate = (this.#done / seconds).toFixed(1);
    const { first, seeds } = this.#range;
    const range = `${this.#done} of ${seeds} seeds from ${first}`;
    const found = `${this.failures} broken, ${this.#entries} entries`;
    process.stdout.write(`${range}, ${found}, ${rate} seeds/s\n`);
  }
}

if (isMainThread) {
  const [first, seeds] = process.argv.slice(2).map(Number);
  const failures = await lead({ first: first ?? 1, seeds: seeds ?? 1_000 });
  process.exitCode = failures === 0 ? 0 : 1;
} else {
  const { range, job, jobs } = workerData as { range: Range; job: number; jobs: number };
  await work(seedsOf(range, job, jobs));
}
