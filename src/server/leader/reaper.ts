/**
 * What ends by itself, watched by the leader: containers whose last child went, ttl nodes past their time,
 * overrides past their `until`. Ages are counted in credited session ticks, so no pause and no clock's jump
 * ages anything (contract S6), and a new leader counts from the beginning. It looks at a bounded piece of
 * the candidates in each tick and proposes nothing twice while it is under way.
 */
import type { Tree } from '../../tree/tree.js';
import type { Reapable } from '../../tree/view.js';
import type { CommandBody, ExpireOverride } from '../../types/command.js';
import type { Revision } from '../../types/ids.js';
import { REAPS_PER_TICK_MAX } from '../../types/limits.js';
import type { OverrideOf } from '../../types/node.js';
import { Walk } from './walk.js';

export interface ReaperHost {
  tree(): Pick<Tree, 'reapables' | 'timedOverrides'>;
  /** What the next run will be stamped with, at least. */
  stampMs(): number;
  propose(body: CommandBody): void;
}

export interface ReaperOptions {
  readonly tickMs: number;
  /** How long a container stands without its last child. */
  readonly containerIdleMs: number;
}

interface Countdown {
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
  readonly childrenRevision: Revision;
  /** Credited time at which it has been idle for long enough. */
  readonly deadline: number;
  isProposed: boolean;
}

export class Reaper {
  readonly #host: ReaperHost;
  readonly #options: ReaperOptions;
  readonly #nodes: Walk<Reapable>;
  readonly #overrides: Walk<OverrideOf>;
  /** Those of the last whole walk… */
  #known = new Map<string, Countdown>();
  /** …and of the one under way: who is not met again is forgotten. */
  #met = new Map<string, Countdown>();
  /** Ends of overrides under way. */
  readonly #ending = new Set<string>();
  #now = 0;
  #left = 0;

  constructor(host: ReaperHost, options: ReaperOptions) {
    this.#host = host;
    this.#options = options;
    this.#nodes = new Walk(() => host.tree().reapables());
    this.#overrides = new Walk(() => host.tree().timedOverrides());
  }

  /** Once per session tick; what a stall took beyond two ticks ages nothing. */
  tick(elapsedMs: number): void {
    this.#now += Math.min(Math.max(elapsedMs, 0), 2 * this.#options.tickMs);
    this.#left = REAPS_PER_TICK_MAX;
    const isOver = this.#nodes.step(this.#now, (node) => this.#look(node));
    if (isOver) {
      this.#known = this.#met;
      this.#met = new Map();
    }
    const stampMs = this.#host.stampMs();
    this.#overrides.step(this.#now, (timed) => this.#lookAtOverride(timed, stampMs));
  }

  /** A reap was applied: if the node is still there, something kept it, and counting begins anew. */
  reapApplied(path: string): void {
    this.#known.delete(path);
    this.#met.delete(path);
  }

  overrideApplied(body: ExpireOverride): void {
    this.#ending.delete(keyOf(body));
  }

  /** False: no more may be proposed in this tick. */
  #look(node: Reapable): boolean {
    const known = this.#met.get(node.path) ?? this.#known.get(node.path);
    const countdown = isSame(known, node) ? known : this.#start(node);
    this.#met.set(node.path, countdown);
    if (countdown.isProposed || countdown.deadline > this.#now) return true;
    countdown.isProposed = true;
    const { path, createRevision, modifyRevision, createCount } = node;
    return this.#propose({ kind: 'reap', path, createRevision, modifyRevision, createCount });
  }

  #start({ kind, ttlMs, createRevision, modifyRevision, childrenRevision }: Reapable): Countdown {
    const deadline = this.#now + (kind === 'ttl' ? ttlMs : this.#options.containerIdleMs);
    return { createRevision, modifyRevision, childrenRevision, deadline, isProposed: false };
  }

  #lookAtOverride({ service, id, override }: OverrideOf, stampMs: number): boolean {
    const { until, revision } = override;
    const end = { service, id, revision };
    if (until === 0 || until > stampMs || this.#ending.has(keyOf(end))) return true;
    this.#ending.add(keyOf(end));
    return this.#propose({ kind: 'expireOverride', ...end });
  }

  #propose(body: CommandBody): boolean {
    this.#host.propose(body);
    return --this.#left > 0;
  }
}

function isSame(known: Countdown | undefined, node: Reapable): known is Countdown {
  return (
    known?.createRevision === node.createRevision &&
    known.modifyRevision === node.modifyRevision &&
    known.childrenRevision === node.childrenRevision
  );
}

function keyOf({ service, id, revision }: Omit<ExpireOverride, 'kind'>): string {
  return `${service}/${id}@${revision}`;
}
