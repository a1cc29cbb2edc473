/**
 * What a client knows of the children of one node by believing every delivery of its watch, over all its
 * connections. It holds the stream to its promises: in order, without gap or repetition, and an event before
 * every newer answer (contract W1-W10).
 */
import type { Delivery } from '../../src/server/service.js';
import type { EventBatch } from '../../src/types/event.js';

type Snapshot = Delivery & { readonly type: 'snapshot' };

export class View {
  readonly path: string;
  /** The revision of the latest change of each child. */
  nodes = new Map<string, number>();
  /** Everything up to here has been told. */
  revision = 0;
  readonly #problem: (text: string) => void;
  #partial = new Map<string, number>();
  /** The newest answer on this connection. */
  #answered = 0;

  constructor(path: string, problem: (text: string) => void) {
    this.path = path;
    this.#problem = (text) => problem(`watching ${path}, ${text}`);
  }

  /** A new connection: it goes on where the last one ended. */
  restart(): void {
    this.#partial = new Map();
    this.#answered = 0;
  }

  /** An answer as of this revision was shown: no event up to it may come any more. */
  answered(revision: number): void {
    this.#answered = Math.max(this.#answered, revision);
  }

  /** All of this revision and before has been told, says the member. */
  bookmark(revision: number): void {
    this.revision = Math.max(this.revision, revision);
  }

  hear({ revision, events }: EventBatch): void {
    if (revision <= this.revision) this.#problem(`heard ${revision} after ${this.revision}`);
    if (revision <= this.#answered)
      this.#problem(`heard ${revision} after an answer at ${this.#answered}`);
    this.revision = revision;
    for (const { type, path, revision: made } of events) {
      if (made !== revision) this.#problem(`heard of ${made} with ${revision}`);
      if (this.nodes.has(path) === (type === 'created'))
        this.#problem(`${path} was ${type} at ${made}, which cannot be`);
      if (type === 'deleted') this.nodes.delete(path);
      else this.nodes.set(path, made);
    }
  }

  show({ nodes, revision, complete, marked }: Snapshot): void {
    if (!marked && this.revision > 0 && this.nodes.size > 0)
      this.#problem(`was shown ${revision} instead of what followed ${this.revision}`);
    for (const { path, stat } of nodes) this.#partial.set(path, stat.modifyRevision);
    if (!complete) return;
    if (revision < this.revision) this.#problem(`was shown ${revision} after ${this.revision}`);
    this.nodes = this.#partial;
    this.#partial = new Map();
    this.revision = revision;
  }
}
