/**
 * The client: one connection for its own calls, watches and discoveries, one for each session and each
 * kind of registration, all over the same links to the cluster. Closing it deregisters, closes sessions
 * and ends every iterator; nothing of it survives.
 */

import { RollcallError } from '../types/errors.js';
import { SESSION_GRACE_MS_DEFAULT, SESSION_TIMEOUT_MS_DEFAULT } from '../types/limits.js';
import type { Random } from '../types/ports.js';
import type { BalancerFactory } from './balancers/balancer.js';
import { createP2c } from './balancers/p2c.js';
import { createRoundRobin } from './balancers/round-robin.js';
import { aborted } from './core/calls.js';
import type { ChannelFactory } from './core/channel.js';
import { Connection } from './core/connection.js';
import type { Endpoints } from './core/endpoints.js';
import type { SessionPlan } from './core/keeper.js';
import { Links } from './core/links.js';
import type { OperationPlan } from './core/operation.js';
import type { Seen } from './core/plans.js';
import type { Time } from './core/time.js';
import { TreeCalls } from './core/tree-calls.js';
import { TreeWatch } from './core/watch.js';
import {
  planDeregister,
  planInstances,
  planServices,
  type ServicesPage,
} from './discovery/catalog-plans.js';
import { ServiceDiscovery } from './discovery/discovery.js';
import { ServiceRegistration } from './discovery/registration.js';
import { followRoll } from './discovery/roll.js';
import { leaveInOrder } from './discovery/serve.js';
import { SessionPool } from './discovery/session-pool.js';
import { isSigtermShared, onSigterm } from './discovery/sigterm.js';
import { resolveTarget } from './discovery/target.js';
import { MemberCalls } from './members.js';
import { OwnSession, opened } from './session.js';
import type {
  BalancerName,
  By,
  Bytes,
  CallOptions,
  Client,
  ClientOptions,
  ClientState,
  CreateOptions,
  CreateResult,
  DeleteResult,
  DiscoverOptions,
  Discovery,
  InstanceList,
  InstancesOptions,
  MemberCallOptions,
  MemberStatusView,
  MemberSummary,
  RegisterOptions,
  Registration,
  RegistrationTarget,
  RollEvent,
  RollOptions,
  ServerLike,
  ServiceSummary,
  Session,
  SessionOptions,
} from './types.js';

/** The edges of a client, replaced in tests. */
export interface ClientParts {
  readonly endpoints: Endpoints;
  readonly open: ChannelFactory;
  readonly time: Time;
  readonly random: Random;
}

const TIMEOUT_MS_DEFAULT = 5_000;
const DEFAULT_SESSION: SessionPlan = {
  timeoutMs: SESSION_TIMEOUT_MS_DEFAULT,
  graceMs: 0,
  isLazy: true,
};
const BALANCERS: Readonly<Record<BalancerName, BalancerFactory>> = {
  p2c: createP2c,
  'round-robin': createRoundRobin,
};

export class RollcallClient extends TreeCalls implements Client {
  readonly #parts: ClientParts;
  readonly #options: ClientOptions;
  readonly #links: Links;
  readonly #seen: Seen;
  readonly #connection: Connection;
  readonly #members: MemberCalls;
  readonly #pool: SessionPool;
  readonly #sessions = new Set<Connection>();
  readonly #registrations = new Set<ServiceRegistration>();
  readonly #discoveries = new Set<Discovery>();
  readonly #onAbort = (): void => void this.close();
  #closed: Promise<void> | undefined;

  constructor(parts: ClientParts, options: ClientOptions) {
    const { learnMembers = true, failFast = false, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
    const links = new Links({ ...parts, learnMembers });
    const seen = { revision: 0 };
    const connect = (session: SessionPlan): Connection =>
      new Connection({ ...parts, links, seen, session, timeoutMs, failFast });
    const connection = connect(DEFAULT_SESSION);
    super(connection);
    this.#parts = parts;
    this.#options = options;
    this.#links = links;
    this.#seen = seen;
    this.#connection = connection;
    this.#members = new MemberCalls({ ...parts, links, timeoutMs, failFast });
    this.#pool = new SessionPool(connect);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
  }

  get state(): ClientState {
    return this.#links.state.value;
  }

  states(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ClientState> {
    return this.#links.state.values(options.signal);
  }

  async ready(options: CallOptions = {}): Promise<Client> {
    await this.get('/', { ...options, consistency: 'session' });
    return this;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  override async create(
    path: string,
    data: Bytes = '',
    options: CreateOptions = {},
  ): Promise<CreateResult> {
    if (options.kind === 'ephemeral') {
      throw new RollcallError('NO_SESSION', 'an ephemeral node needs an owner: use session()');
    }
    return super.create(path, data, options);
  }

  // ---- Sessions ----

  async session(options: SessionOptions = {}): Promise<Session> {
    this.#checkOpen(options.signal);
    const { timeoutMs = SESSION_TIMEOUT_MS_DEFAULT, graceMs = 0, signal } = options;
    const connection = this.#connect({ timeoutMs, graceMs, isLazy: false });
    this.#sessions.add(connection);
    const forget = (): void => void this.#sessions.delete(connection);
    try {
      await opened(connection, { timeoutMs: this.#timeoutMs, signal });
    } catch (error) {
      forget();
      throw error;
    }
    return new OwnSession(connection, forget);
  }

  // ---- The roll ----

  async services(options: CallOptions = {}): Promise<readonly ServiceSummary[]> {
    const found: ServiceSummary[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const plan: OperationPlan<ServicesPage> = planServices(after, this.#terms(options));
      const page: ServicesPage = await this.#connection.call(plan, options);
      found.push(...page.services);
      after = page.next;
    }
    return found;
  }

  async instances(service: string, options: InstancesOptions = {}): Promise<InstanceList> {
    const plan = planInstances(service, options.filter, this.#terms(options));
    return this.#connection.call(plan, options);
  }

  async register(
    service: string,
    target: RegistrationTarget,
    options: RegisterOptions = {},
  ): Promise<Registration> {
    this.#checkOpen(options.signal);
    const endpoints = this.#parts.endpoints.all;
    const registeredAt = this.#parts.time.wallMs();
    const resolved = await resolveTarget(target, { service, options, endpoints, registeredAt });
    this.#checkOpen(options.signal);
    const isStatic = options.static === true;
    const claim = { takeover: options.takeover === true, static: isStatic };
    const host = this.#registrationHost(options);
    const registration = new ServiceRegistration(host, resolved.spec, claim);
    this.#registrations.add(registration);
    await registration.start(options);
    if (resolved.server !== undefined && options.drainOnSigterm !== false) {
      this.#drainOnSigterm(registration, resolved.server);
    }
    return registration;
  }

  async deregister(
    service: string,
    id: string,
    options: CallOptions & By & { readonly incarnation?: number | undefined } = {},
  ): Promise<DeleteResult> {
    const { incarnation = 0, who = '', reason = '' } = options;
    const plan = planDeregister({ service, id, incarnation, who, reason, inSession: false });
    return this.#connection.call(plan, options);
  }

  discover(service: string, options: DiscoverOptions = {}): Discovery {
    const { filter, signal, balancer = 'p2c' } = options;
    const discovery: Discovery = new ServiceDiscovery(
      {
        ...this.#parts,
        watch: (path, ended) =>
          new TreeWatch(this.#connection, path, { scope: 'children', signal: ended }),
        read: (name) => this.instances(name),
        closed: (ended) => void this.#discoveries.delete(ended),
      },
      service,
      { filter, signal, balancer: BALANCERS[balancer] },
    );
    if (discovery.state !== 'CLOSED') this.#discoveries.add(discovery);
    return discovery;
  }

  roll(service: string, options: RollOptions = {}): AsyncIterable<RollEvent> {
    return followRoll(this, service, { ...options, time: this.#parts.time });
  }

  // ---- Members ----

  status(options: MemberCallOptions = {}): Promise<MemberStatusView> {
    return this.#members.status(options);
  }

  members(options: MemberCallOptions = {}): Promise<readonly MemberSummary[]> {
    return this.#members.members(options);
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
  }

  #terms({ consistency }: CallOptions) {
    return consistency === 'session'
      ? { consistency: 1, floor: this.#seen.revision }
      : { consistency: 0, floor: 0 };
  }

  #connect(session: SessionPlan): Connection {
    const { failFast = false } = this.#options;
    const timeoutMs = this.#timeoutMs;
    const [links, seen] = [this.#links, this.#seen];
    return new Connection({ ...this.#parts, links, seen, session, timeoutMs, failFast });
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw aborted(signal);
    if (this.#closed !== undefined) throw new RollcallError('CLOSED', 'the client was closed');
  }

  #registrationHost(options: RegisterOptions) {
    const { sessionTimeoutMs, graceMs, static: isStatic } = options;
    const timeoutMs = sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT;
    const take = (): Connection =>
      isStatic === true
        ? this.#connection
        : this.#pool.take(timeoutMs, graceMs ?? SESSION_GRACE_MS_DEFAULT);
    return {
      ...this.#parts,
      take,
      leave: async (connection: Connection): Promise<void> => {
        if (connection !== this.#connection) await this.#pool.leave(connection);
      },
      ended: (registration: ServiceRegistration) => void this.#registrations.delete(registration),
    };
  }

  #drainOnSigterm(registration: ServiceRegistration, server: ServerLike): void {
    const forget = onSigterm(async () => {
      const isOurs = !isSigtermShared();
      await leaveInOrder(registration, server);
      // Nobody else handles the signal, so nothing is left to do for the last to leave but to let go.
      if (isOurs && this.#registrations.size === 0) await this.close();
    });
    registration.signal.addEventListener('abort', forget, { once: true });
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await Promise.all([...this.#discoveries].map((discovery) => discovery.close()));
    await Promise.all([...this.#registrations].map((registration) => registration.letGo()));
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await this.#pool.close();
    await this.#connection.close();
    this.#links.close();
  }
}
