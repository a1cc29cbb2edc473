/**
 * Keeps a copy of a subtree from nothing but a watch, and notes whatever a watch must never do: go back,
 * or start again without a mark. Copy and tree compared at the end show whether anything was dropped.
 */
import { type Client, connect, type WatchEvent } from '../../src/client/index.js';

export interface TreeMirrorOptions {
  readonly endpoints: readonly string[];
  readonly path: string;
  readonly onEnd: (close: () => Promise<void>) => void;
}

export class TreeMirror {
  readonly faults: string[] = [];
  readonly nodes = new Map<string, number>();
  /** Snapshots after the first. */
  resyncs = 0;
  isLive = false;
  revision = 0;
  #isFilled = false;
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static start({ endpoints, path, onEnd }: TreeMirrorOptions): TreeMirror {
    const mirror = new TreeMirror(connect(endpoints));
    onEnd(() => mirror.#client.close());
    void mirror.#follow(path).catch((error) => mirror.faults.push(String(error)));
    return mirror;
  }

  async #follow(path: string): Promise<void> {
    for await (const event of this.#client.watch(path, { scope: 'subtree' })) this.#take(event);
  }

  #take(event: WatchEvent): void {
    this.isLive = event.type === 'stale' ? false : this.isLive || event.type === 'live';
    if (event.type === 'stale') return;
    if (event.revision < this.revision) {
      this.faults.push(`${event.type} at ${event.revision} after ${this.revision}`);
    }
    const isRepeated = event.revision === this.revision && event.type === 'change';
    if (isRepeated) this.faults.push(`revision ${event.revision} came twice`);
    this.revision = event.revision;
    if (event.type === 'snapshot') this.#replace(event);
    if (event.type !== 'change') return;
    for (const { type, path, node } of event.changes) {
      if (type === 'deleted') this.nodes.delete(path);
      else this.nodes.set(path, node.stat.modifyRevision);
    }
  }

  #replace({ nodes, marked }: WatchEvent & { type: 'snapshot' }): void {
    if (this.#isFilled) {
      this.resyncs++;
      if (!marked) this.faults.push('started again without a mark');
    }
    this.#isFilled = true;
    this.nodes.clear();
    for (const { path, stat } of nodes) this.nodes.set(path, stat.modifyRevision);
  }
}
