/**
 * A live view of one service in memory, and picks from it that cost no network. It keeps the last known
 * instances through every loss of connection: N > 0 becomes 0 only by leaves in the log, or when a
 * linearizable read has confirmed it.
 */
import { servicePath } from '../../codec/instance.js';
import { RollcallError } from '../../types/errors.js';
import type { Instance } from '../../types/instance.js';
import { parentPath } from '../../types/path.js';
import type { Random } from '../../types/ports.js';
import { type Balancer, Loads, type Picker } from '../balancers/balancer.js';
import { aborted } from '../core/calls.js';
import { checkListener, checkSignal, checkTimeout, checkWhole } from '../core/checks.js';
import { within } from '../core/limit.js';
import { reader } from '../core/reader.js';
import { StateCell } from '../core/states.js';
import { tell } from '../core/tell.js';
import type { Cancel, Time } from '../core/time.js';
import type { TreeWatch } from '../core/watch.js';
import type {
  BalancerName,
  CallOptions,
  ClientLogger,
  DiscoverOptions,
  Discovery,
  DiscoveryDescription,
  DiscoveryState,
  InstanceList,
  InstanceSet,
  Picked,
  PickOptions,
  RevisionNumber,
  RunOptions,
  ServiceSettingsView,
  TreeChange,
  WatchEvent,
} from '../types.js';
import { CountedPick } from './picked.js';
import { createBalancer, isUp, pickable, policyOf } from './policy.js';
import { type RunFunction, runPicked } from './run.js';
import { SILENT, settingsOf } from './settings.js';
import { RollView } from './view.js';

export interface DiscoveryHost {
  readonly time: Time;
  readonly random: Random;
  /** The node and everything below it. */
  watch(path: string, signal: AbortSignal | undefined): TreeWatch;
  /** Linearizable. */
  read(service: string): Promise<InstanceList>;
  closed(discovery: Discovery): void;
  readonly log: ClientLogger;
}

const CONFIRM_RETRY_MS = 1_000;
const READY_MS_DEFAULT = 10_000;

export class ServiceDiscovery implements Discovery {
  readonly service: string;
  readonly #host: DiscoveryHost;
  readonly #path: string;
  readonly #view: RollView;
  readonly #loads = new Loads();
  /** Unset: what the service asks for. */
  readonly #wanted: BalancerName | undefined;
  #policy: BalancerName;
  #balancer: Balancer;
  #settings: ServiceSettingsView = SILENT;
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
  /** Made by the first pick after a change: many views are followed and never picked from. */
  #picker: Picker | undefined;
  #isConfirming = false;
  #cancelRetry: Cancel | undefined;
  #failure: RollcallError | undefined;

  constructor(host: DiscoveryHost, service: string, options: DiscoverOptions) {
    this.service = service;
    this.#path = servicePath(service);
    this.#host = host;
    this.#view = new RollView(options.filter);
    this.#wanted = options.balancer;
    this.#policy = policyOf(this.#wanted, SILENT);
    this.#balancer = createBalancer(this.#policy, host.random, this.#loads);
    this.#currentAtMs = host.time.nowMs();
    this.#sets = new StateCell(this.#set());
    this.#watch = host.watch(this.#path, options.signal);
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

  get settings(): ServiceSettingsView | undefined {
    return this.#isKnown ? this.#settings : undefined;
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  get ageMs(): number {
    return this.#isCurrent ? 0 : Math.max(0, this.#host.time.nowMs() - this.#currentAtMs);
  }

  async ready(options: CallOptions & { readonly min?: number | undefined } = {}): Promise<this> {
    const { min = 1, timeoutMs = READY_MS_DEFAULT, signal } = options;
    checkTimeout(timeoutMs);
    checkWhole('min', min);
    checkSignal(signal);
    const found = await within({ timeoutMs, signal }, (limit) =>
      this.#sets.until((set) => isReady(set, min), limit),
    );
    if (found !== undefined && found.state !== 'CLOSED') return this;
    throw this.#notReady(min, signal);
  }

  pick(options?: PickOptions): Instance {
    const pick = this.#current.pick(options);
    if (pick === undefined) throw this.#noInstance();
    return pick.instance;
  }

  acquire(options?: PickOptions): Picked {
    const pick = this.#current.pick(options);
    if (pick === undefined) throw this.#noInstance();
    return new CountedPick(pick);
  }

  run<T>(fn: RunFunction<T>, options?: RunOptions): Promise<T> {
    return runPicked((wanted) => this.acquire(wanted), fn, options);
  }

  subscribe(listener: (set: InstanceSet) => void): Disposable {
    checkListener(listener);
    const show = (): void => tell(listener, this.#sets.value);
    if (this.#state !== 'PENDING') show();
    return this.#sets.listen(show);
  }

  [Symbol.asyncIterator](): AsyncIterator<InstanceSet, undefined> {
    return reader((over) => this.#read(over));
  }

  describe(): DiscoveryDescription {
    const { service, state, ageMs, revision, instances } = this;
    const balancer = this.#policy;
    const active = (id: string): number => this.#loads.activeOf(id);
    return {
      ...{ service, state, ageMs, revision, balancer },
      instances: instances.map(({ id, url, state }) => ({ id, url, state, active: active(id) })),
    };
  }

  async close(): Promise<void> {
    await this.#watch.close();
    this.#onEnd(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#read(over: AbortSignal): AsyncGenerator<InstanceSet, void, undefined> {
    for await (const set of this.#sets.values(over)) {
      if (set.state === 'CLOSED') break;
      if (set.state !== 'PENDING') yield set;
    }
    if (this.#failure !== undefined) throw this.#failure;
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
        this.#onChanges(event.changes, event.revision);
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
    const members = nodes.filter(({ path }) => this.#isInstance(path));
    this.#doubtedAt = members.length === 0 && this.instances.length > 0 ? revision : undefined;
    this.#view.replace(members, revision);
    this.#heed(settingsOf(nodes.find(({ path }) => path === this.#path)));
    this.#show();
  }

  #onChanges(changes: readonly TreeChange[], revision: RevisionNumber): void {
    for (const { type, path, node } of changes) {
      if (path === this.#path) this.#heed(settingsOf(type === 'deleted' ? undefined : node));
    }
    const ofInstances = changes.filter(({ path }) => this.#isInstance(path));
    if (this.#view.apply(ofInstances, revision).length > 0) this.#show();
  }

  /** What stands below an instance is nobody's business here. */
  #isInstance(path: string): boolean {
    return parentPath(path) === this.#path;
  }

  #heed(settings: ServiceSettingsView): void {
    this.#settings = settings;
    const policy = policyOf(this.#wanted, settings);
    if (policy !== this.#policy) {
      this.#policy = policy;
      this.#balancer = createBalancer(policy, this.#host.random, this.#loads);
    }
    this.#picker = undefined;
  }

  get #current(): Picker {
    this.#picker ??= this.#balancer.picker(pickable(this.instances, this.#settings));
    return this.#picker;
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
    if (instances !== set.instances) this.#picker = undefined;
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
    const { service } = this;
    if (error !== undefined) this.#host.log.error({ service, error }, 'discovery ended');
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

function isReady({ instances, state }: InstanceSet, min: number): boolean {
  if (state === 'CLOSED') return true;
  return state !== 'PENDING' && instances.filter(isUp).length >= min;
}
