/**
 * Room on the disk of the data directory, asked for in the background every few seconds: whoever wants to
 * know gets the last answer at once. A disk that does not answer is asked again later, never twice at once.
 */
import { statfs } from 'node:fs/promises';

export interface DiskRoom {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const INTERVAL_MS = 5_000;

export class DiskSpace {
  readonly #directory: string;
  readonly #timer: NodeJS.Timeout;
  #room: DiskRoom | undefined;
  #isAsking = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => void this.#ask(), INTERVAL_MS);
    this.#timer.unref();
    void this.#ask();
  }

  /** undefined while it is not known, or cannot be. */
  get room(): DiskRoom | undefined {
    return this.#room;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { bavail, blocks, bsize } = await statfs(this.#directory);
      this.#room = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      this.#room = undefined;
    } finally {
      this.#isAsking = false;
    }
  }
}
