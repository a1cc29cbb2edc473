/**
 * The process that a member runs in: it can be stopped for a while, as by SIGSTOP or a paused machine. What
 * happens to it meanwhile waits and comes over it when it goes on; its clock has gone on all the time.
 */
import type { Clock } from '../../src/types/ports.js';
import type { World } from './world.js';

export class SimProcess {
  readonly #world: World;
  #isDead = false;
  #isPaused = false;
  #waiting: (() => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Everything that reaches the process goes through here. */
  run(task: () => void): void {
    if (this.#isDead) return;
    if (this.#isPaused || this.#waiting.length > 0) this.#waiting.push(task);
    else task();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#world.schedule(0, () => this.#goOn());
  }

  /** One thing an event; what comes meanwhile lines up behind, as on a connection. */
  #goOn(): void {
    if (this.#isPaused) return;
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#world.schedule(0, () => this.#goOn());
  }

  kill(): void {
    this.#isDead = true;
    this.#waiting = [];
  }

  after(delayMs: number, task: () => void): void {
    this.#world.schedule(delayMs, () => this.run(task));
  }

  /** Late ticks are not made up for. */
  every(intervalMs: number, task: () => void): () => void {
    let isStopped = false;
    const again = () => {
      if (isStopped) return;
      task();
      this.after(intervalMs, again);
    };
    this.after(intervalMs, again);
    return () => {
      isStopped = true;
    };
  }
}

/** A clock that runs too fast or too slow, and whose wall time is anything. */
export class DriftingClock implements Clock {
  readonly rate: number;
  readonly #world: World;
  readonly #wallOffsetMs: number;

  constructor(world: World, rate: number, wallOffsetMs: number) {
    this.#world = world;
    this.rate = rate;
    this.#wallOffsetMs = wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#world.monotonicMs() * this.rate;
  }

  wallMs(): number {
    return this.#world.wallMs() + this.#wallOffsetMs;
  }
}
