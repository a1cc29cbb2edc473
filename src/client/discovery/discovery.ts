/**
 * A live view of one service in memory, and picks from it that cost no network. It keeps the last known
 * instances through every loss of connection: N > 0 becomes 0 only by leaves in the log, or when a
 * linearizable read has confirmed it.
 */
import { servicePath } from '../../codec/instance.js';
import { RollcallError } from '../../types/errors.js';
import type { Instance } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';
import type { Balancer, BalancerFactory, Picker } from '../balancers/balancer.js';
import { aborted } from '../core/calls.js';
import { within } from '../core/limit.js';
import { StateCell } from '../core/states.js';
import type { Cancel, Time } from '../core/time.js';
import type { TreeWatch } from '../core/watch.js';
import type {
  CallOptions,
  DiscoverOptions,
  Discovery,
  DiscoveryState,
  InstanceList,
  InstanceSet,
  Picked,
  PickOptions,
  RevisionNumber,
  RunOptions,
  WatchEvent,
} from '../types.js';
import { CountedPick } from './picked.js';
import { type RunFunction, runPicked } from './run.js';
import { RollView } from './view.js';

export interface DiscoveryHost {
  readonly time: Time;
  readonly random: Random;
  watch(path: string, signal: AbortSignal | undefined): TreeWatch;
  /** Linearizable. */
  read(service: string): Promise<InstanceList>;
  closed(discovery: Discovery): void;
}

const CONFIRM_RETRY_MS = 1_000;
const READY_MS_DEFAULT = 10_000;

export class ServiceDiscovery implements Discovery {
  readonly service: string;
  readonly #host: DiscoveryHost;
  readonly #view: RollView;
  readonly #balancer: Balancer;
  readonly #watch: TreeWatch;
  readonly #sets: StateCell<InstanceSet>;
  #state: DiscoveryState = 'PENDING';
  #isKnown = false;
  /** The watch says so; only the watch takes it back. */
  #isStale = false;
  /** The view is empty by a snapshot of this revision; until a read confirms it, what was shown stays. */
  #doubtedAt: RevisionNumber | undefined;
  /** A linearizable read has found what the view says: nothing. */
  #isConfirmed = false;
  /** When the view was last known to be current. */
  #currentAtMs: number;
  #picker: Picker;
  #isConfirming = false;
  #cancelRetry: Cancel | undefined;
  #failure: RollcallError | undefined;

  constructor(
    host: DiscoveryHost,
    service: string,
    options: Pick<DiscoverOptions, 'filter' | 'signal'> & { readonly balancer: BalancerFactory },
  ) {
    this.service = service;
    this.#host = host;
    this.#view = new RollView(options.filter);
    this.#balancer = options.balancer(host.random);
    this.#picker = this.#balancer.picker([]);
    this.#currentAtMs = host.time.nowMs();
    this.#sets = new StateCell(this.#set());
    this.#watch = host.watch(servicePath(service), options.signal);
    this.#watch.deliverTo({
      event: (event) => this.#onEvent(event),
      ended: (error) => this.#onEnd(error),
    });
  }

  get instances(): readonly Instance[] {
    return this.#sets.value.instances;
  }

  get revision(): number {
    return this.#believed.revision;
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  get ageMs(): number {
    return this.#isCurrent ? 0 : Math.max(0, this.#host.time.nowMs() - this.#currentAtMs);
  }

  async ready(options: CallOptions & { readonly min?: number | undefined } = {}): Promise<this> {
    const { min = 1, timeoutMs = READY_MS_DEFAULT, signal } = options;
    const found = await within({ timeoutMs, signal }, (limit) =>
      this.#sets.until((set) => isReady(set, min), limit),
    );
    if (found !== undefined && found.state !== 'CLOSED') return this;
    throw this.#notReady(min, signal);
  }

  pick(options?: PickOptions): Instance {
    const pick = this.#picker.pick(options);
    if (pick === undefined) throw this.#noInstance();
    return pick.instance;
  }

  acquire(options?: PickOptions): Picked {
    const pick = this.#picker.pick(options);
    if (pick === undefined) throw this.#noInstance();
    return new CountedPick(pick);
  }

  run<T>(fn: RunFunction<T>, options?: RunOptions): Promise<T> {
    return runPicked((wanted) => this.acquire(wanted), fn, options);
  }

  subscribe(listener: (set: InstanceSet) => void): Disposable {
    const tell = (): void => {
      try {
        listener(this.#sets.value);
      } catch (error) {
        // The listener's own fault must reach its owner, not this view.
        queueMicrotask(() => {
          throw error;
        });
      }
    };
    if (this.#state !== 'PENDING') tell();
    return this.#sets.listen(tell);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<InstanceSet, void, undefined> {
    for await (const set of this.#sets.values()) {
      if (set.state === 'CLOSED') break;
      if (set.state !== 'PENDING') yield set;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.#watch.close();
    this.#onEnd(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #isCurrent(): boolean {
    return this.#state === 'LIVE' || this.#state === 'CONFIRMED_EMPTY';
  }

  #onEvent(event: WatchEvent): void {
    switch (event.type) {
      case 'snapshot':
        this.#onSnapshot(event);
        return;
      case 'change':
        if (this.#view.apply(event.changes, event.revision).length > 0) this.#show();
        return;
      case 'live':
        this.#view.confirm(event.revision);
        this.#isStale = false;
        this.#show();
        return;
      default:
        if (this.#isCurrent) this.#currentAtMs = this.#host.time.nowMs() - event.ageMs;
        this.#isStale = true;
        this.#isConfirmed = false;
        this.#show();
    }
  }

  /** A list that a gap left empty is not shown before it was confirmed. */
  #onSnapshot({ nodes, revision }: WatchEvent & { readonly type: 'snapshot' }): void {
    this.#isKnown = true;
    this.#isConfirmed = false;
    this.#doubtedAt = nodes.length === 0 && this.instances.length > 0 ? revision : undefined;
    this.#view.replace(nodes, revision);
    this.#show();
  }

  #confirmEmpty(): void {
    if (this.#isConfirmed || this.#isConfirming || this.#state === 'CLOSED') return;
    this.#isConfirming = true;
    this.#host.read(this.service).then(
      (list) => this.#onRead(list),
      () => this.#confirmLater(),
    );
  }

  #confirmLater(): void {
    this.#cancelRetry = this.#host.time.after(CONFIRM_RETRY_MS, () => {
      this.#isConfirming = false;
      if (this.#view.instances.length === 0) this.#confirmEmpty();
    });
  }

  /** What it says counts only while the view is still empty; the watch knows of what came after. */
  #onRead({ instances, revision }: InstanceList): void {
    const isAsked = this.#state !== 'CLOSED' && this.#view.instances.length === 0;
    const isOld =
      revision < (this.#doubtedAt ?? 0) || (instances.length > 0 && revision < this.#view.revision);
    if (isAsked && isOld) {
      this.#confirmLater();
      return;
    }
    this.#isConfirming = false;
    if (!isAsked) return;
    if (revision >= this.#view.revision) this.#view.replaceWith(instances, revision);
    this.#isConfirmed = this.#view.instances.length === 0;
    this.#doubtedAt = undefined;
    this.#show();
  }

  #show(): void {
    if (!this.#isKnown || this.#state === 'CLOSED') return;
    if (this.#view.instances.length > 0) {
      this.#isConfirmed = false;
      this.#doubtedAt = undefined;
    }
    this.#state = this.#judge();
    if (this.#isCurrent) this.#currentAtMs = this.#host.time.nowMs();
    const { instances, state: shown } = this.#sets.value;
    const set = this.#set();
    if (instances !== set.instances) {
      this.#picker = this.#balancer.picker(set.instances.filter(isUp));
    }
    if (instances !== set.instances || shown !== this.#state) this.#sets.set(set);
    if (this.#view.instances.length === 0) this.#confirmEmpty();
  }

  #judge(): DiscoveryState {
    if (this.#isStale || this.#doubtedAt !== undefined) return 'STALE';
    return this.#isConfirmed ? 'CONFIRMED_EMPTY' : 'LIVE';
  }

  get #believed() {
    return this.#doubtedAt === undefined ? this.#view : this.#sets.value;
  }

  #set(): InstanceSet {
    const { instances, revision } = this.#believed;
    return { instances, revision, state: this.#state };
  }

  #onEnd(error: RollcallError | undefined): void {
    if (this.#state === 'CLOSED') return;
    this.#failure = error;
    this.#state = 'CLOSED';
    this.#cancelRetry?.();
    this.#sets.close(this.#set());
    this.#host.closed(this);
  }

  #noInstance(): RollcallError {
    const known = this.instances.length;
    const why =
      this.#state === 'PENDING'
        ? 'the roll has not been heard of yet: await ready()'
        : `none of ${known} known instances may be picked`;
    return new RollcallError('NO_INSTANCE', `${this.service}: ${why}`);
  }

  #notReady(min: number, signal: AbortSignal | undefined): RollcallError {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#state === 'CLOSED') return new RollcallError('CLOSED', 'the discovery was closed');
    if (signal?.aborted === true) return aborted(signal);
    const up = this.instances.filter(isUp).length;
    return new RollcallError('TIMEOUT', `${this.service}: ${up} instances UP, ${min} wanted`);
  }
}

function isUp({ state }: Instance): boolean {
  return state === 'UP';
}

function isReady({ instances, state }: InstanceSet, min: number): boolean {
  if (state === 'CLOSED') return true;
  return state !== 'PENDING' && instances.filter(isUp).length >= min;
}
