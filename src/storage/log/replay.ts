/**
 * The log as its operations leave it: applies them in order and keeps the runs that are still live. Pure;
 * an operation that does not fit what came before is damage, and the reason is the answer.
 */
import { asIndex } from '../../types/ids.js';
import type { Run } from '../../types/log.js';
import { LogExtent } from './extent.js';
import type { LogPosition, Operation } from './operation.js';

export class LogReplay {
  readonly extent: LogExtent;
  #runs: Run[] = [];

  constructor(position: LogPosition) {
    this.extent = new LogExtent(position);
  }

  apply(operation: Operation): string | undefined {
    const problem = this.extent.apply(operation);
    if (problem !== undefined) return problem;
    if (operation.type === 'run') this.#runs.push(operation.run);
    if (operation.type === 'truncate') this.#cutFrom(operation.from);
    if (operation.type === 'reset' && !operation.keep) this.#runs = [];
    return undefined;
  }

  /** The runs behind the base, the first one cut to begin there. */
  takeRuns(): Run[] {
    const first = this.extent.position.base.index + 1;
    const runs = this.#runs.filter((run) => run.first + run.count > first);
    this.#runs = [];
    if (runs.length > 0 && runs[0]!.first < first) {
      runs[0] = sliceRun(runs[0]!, first - runs[0]!.first, runs[0]!.count);
    }
    return runs;
  }

  #cutFrom(index: number): void {
    while (this.#runs.length > 0 && this.#runs.at(-1)!.first >= index) this.#runs.pop();
    const run = this.#runs.at(-1);
    if (run !== undefined && run.first + run.count > index) {
      this.#runs[this.#runs.length - 1] = sliceRun(run, 0, index - run.first);
    }
  }
}

/** Entries `start` (inclusive) to `end` of a run, as a run of their own over the same bytes. */
export function sliceRun(run: Run, start: number, end: number): Run {
  const from = run.offsets[start]!;
  return {
    ...run,
    first: asIndex(run.first + start),
    count: end - start,
    offsets: run.offsets.slice(start, end + 1).map((offset) => offset - from),
    bytes: run.bytes.subarray(from, run.offsets[end]!),
  };
}
