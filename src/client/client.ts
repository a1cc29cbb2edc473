/**
 * The client: one connection for its own calls, watches and discoveries, one for each session and each
 * kind of registration, all over the same links to the cluster. Closing it deregisters, closes sessions
 * and ends every iterator; nothing of it survives.
 */

import { RollcallError } from '../types/errors.js';
import type { Instance } from '../types/instance.js';
import { SESSION_GRACE_MS_DEFAULT, SESSION_TIMEOUT_MS_DEFAULT } from '../types/limits.js';
import { pathProblem, ROOT } from '../types/path.js';
import type { Random } from '../types/ports.js';
import { AdminCalls } from './admin/admin.js';
import { Questions } from './admin/questions.js';
import { onAbort } from './core/aborts.js';
import { aborted } from './core/calls.js';
import type { ChannelFactory } from './core/channel.js';
import {
  check,
  checkFilter,
  checkName,
  checkService,
  checkSignal,
  checkTimeout,
  checkWhole,
} from './core/checks.js';
import { Connection } from './core/connection.js';
import type { Dials } from './core/dials.js';
import type { Endpoints } from './core/endpoints.js';
import type { SessionPlan } from './core/keeper.js';
import { sharedLimit } from './core/limit.js';
import { Links } from './core/links.js';
import type { OperationPlan } from './core/operation.js';
import { planProbe, readTerms, type Seen } from './core/plans.js';
import type { Time } from './core/time.js';
import { TreeCalls } from './core/tree-calls.js';
import { UnaryCalls } from './core/unary.js';
import { TreeWatch } from './core/watch.js';
import { describeClient } from './describe.js';
import {
  planDeregister,
  planInstances,
  planServices,
  type ServicesPage,
} from './discovery/catalog-plans.js';
import { ServiceDiscovery } from './discovery/discovery.js';
import { isBalancerName } from './discovery/policy.js';
import { ServiceRegistration } from './discovery/registration.js';
import { followRoll } from './discovery/roll.js';
import { leaveInOrder } from './discovery/serve.js';
import { SessionPool } from './discovery/session-pool.js';
import { isSigtermShared, onSigterm } from './discovery/sigterm.js';
import { resolveTarget } from './discovery/target.js';
import { askMembers, askStatus } from './members.js';
import type { ClientTerms } from './options.js';
import { createElection } from './recipes/election.js';
import type { RecipeHost } from './recipes/host.js';
import { createLock } from './recipes/lock.js';
import { SharedSession } from './recipes/shared-session.js';
import { OwnSession, opened } from './session.js';
import type {
  Admin,
  By,
  Bytes,
  CallOptions,
  Client,
  ClientDescription,
  ClientState,
  CreateOptions,
  CreateResult,
  DeleteResult,
  DiscoverOptions,
  Discovery,
  Election,
  InstanceList,
  InstancesOptions,
  Lock,
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
  WatchOptions,
} from './types.js';

/** The edges of a client, replaced in tests. */
export interface ClientParts {
  readonly endpoints: Endpoints;
  readonly open: ChannelFactory;
  readonly time: Time;
  readonly random: Random;
  readonly dials: Dials;
}

const DEFAULT_SESSION: SessionPlan = {
  timeoutMs: SESSION_TIMEOUT_MS_DEFAULT,
  graceMs: 0,
  isLazy: true,
};

export class RollcallClient extends TreeCalls implements Client {
  readonly admin: Admin;
  readonly #parts: ClientParts;
  readonly #terms: ClientTerms;
  readonly #links: Links;
  readonly #seen: Seen;
  readonly #connection: Connection;
  readonly #unary: UnaryCalls;
  readonly #connect: (session: SessionPlan) => Connection;
  readonly #pool: SessionPool;
  readonly #recipes: RecipeHost;
  readonly #sessions = new Set<Connection>();
  readonly #registrations = new Set<ServiceRegistration>();
  readonly #discoveries = new Set<Discovery>();
  readonly #onAbort = (): void => void this.close();
  readonly #unlisten: (() => void) | undefined;
  /** Aborts when it closes. */
  readonly #over = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(parts: ClientParts, terms: ClientTerms) {
    const links = new Links({ ...parts, ...terms });
    const seen = { revision: 0 };
    const connect = (session: SessionPlan): Connection =>
      new Connection({ ...parts, ...terms, links, seen, session });
    const connection = connect(DEFAULT_SESSION);
    super(connection, terms.namespace);
    this.#parts = parts;
    this.#terms = terms;
    this.#links = links;
    this.#seen = seen;
    this.#connection = connection;
    this.#connect = connect;
    this.#unary = new UnaryCalls({ ...parts, ...terms, links });
    this.admin = new AdminCalls(new Questions(this.#unary, seen));
    this.#pool = new SessionPool(connect);
    const session = new SharedSession(() => this.session());
    const { log, timeoutMs, label } = terms;
    this.#recipes = { tree: this, session, log, timeoutMs, label };
    this.#unlisten = terms.signal && onAbort(terms.signal, this.#onAbort);
    if (terms.signal?.aborted === true) this.#onAbort();
  }

  get state(): ClientState {
    return this.#links.state.value;
  }

  states(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ClientState> {
    return this.#links.state.reader(options.signal);
  }

  async ready(options: CallOptions = {}): Promise<Client> {
    await this.#connection.call(planProbe(), options);
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
    checkWhole('timeoutMs', timeoutMs);
    checkWhole('graceMs', graceMs);
    const connection = this.#connect({ timeoutMs, graceMs, isLazy: false });
    this.#sessions.add(connection);
    const forget = (): void => void this.#sessions.delete(connection);
    try {
      await opened(connection, { timeoutMs: this.#terms.timeoutMs, signal });
    } catch (error) {
      forget();
      throw error;
    }
    return new OwnSession(connection, this.#terms.namespace, forget);
  }

  lock(path: string): Lock {
    checkLine(path);
    return createLock(this.#recipes, path);
  }

  election(path: string): Election {
    checkLine(path);
    return createElection(this.#recipes, path);
  }

  // ---- The roll ----

  async services(options: CallOptions = {}): Promise<readonly ServiceSummary[]> {
    const found: ServiceSummary[] = [];
    const limit = this.#limit(options);
    let after: string | undefined = '';
    while (after !== undefined) {
      const plan: OperationPlan<ServicesPage> = planServices(after, readTerms(options, this.#seen));
      const page: ServicesPage = await this.#connection.call(plan, limit());
      found.push(...page.services);
      after = page.next;
    }
    return found;
  }

  async instances(service: string, options: InstancesOptions = {}): Promise<InstanceList> {
    const found: Instance[] = [];
    const limit = this.#limit(options);
    for (let after = ''; ; ) {
      const terms = { ...readTerms(options, this.#seen), after, filter: options.filter };
      const page = await this.#connection.call(planInstances(service, terms), limit());
      found.push(...page.instances);
      if (page.next === undefined) return { instances: found, revision: page.revision };
      after = page.next;
    }
  }

  async register(
    service: string,
    target: RegistrationTarget,
    options: RegisterOptions = {},
  ): Promise<Registration> {
    this.#checkOpen(options.signal);
    checkRegistration(service, options);
    const endpoints = this.#parts.endpoints.all;
    const registeredAt = this.#parts.time.wallMs();
    const zone = this.#terms.zone;
    const over = this.#over.signal;
    const asked = { service, options, endpoints, registeredAt, zone, over };
    const resolved = await resolveTarget(target, asked);
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
    checkService(service);
    const { balancer } = options;
    checkFilter(options.filter);
    checkSignal(options.signal);
    check('balancer', balancer === undefined || isBalancerName(balancer), 'p2c or round-robin');
    const discovery: Discovery = new ServiceDiscovery(
      {
        ...this.#parts,
        log: this.#terms.log,
        watch: (path, signal) => this.#watch(path, { scope: 'subtree', signal }),
        read: (name) => this.instances(name),
        closed: (ended) => void this.#discoveries.delete(ended),
      },
      service,
      options,
    );
    if (discovery.state !== 'CLOSED') this.#discoveries.add(discovery);
    return discovery;
  }

  roll(service: string, options: RollOptions = {}): AsyncIterable<RollEvent> {
    checkService(service);
    checkFilter(options.filter);
    checkSignal(options.signal);
    const watch = (path: string, signal: AbortSignal): TreeWatch =>
      this.#watch(path, { scope: 'children', signal });
    return followRoll({ time: this.#parts.time, watch }, service, options);
  }

  // ---- Members ----

  status(options: MemberCallOptions = {}): Promise<MemberStatusView> {
    return askStatus(this.#unary, options);
  }

  members(options: MemberCallOptions = {}): Promise<readonly MemberSummary[]> {
    return askMembers(this.#unary, options);
  }

  describe(): ClientDescription {
    const connections = [this.#connection, ...this.#sessions, ...this.#pool.connections];
    const [registrations, discoveries] = [this.#registrations, this.#discoveries];
    return describeClient({
      ...{ links: this.#links, seen: this.#seen },
      ...{ connections, registrations, discoveries },
    });
  }

  /** The catalog stands where it stands, whatever the namespace. */
  #watch(path: string, options: WatchOptions): TreeWatch {
    return new TreeWatch(this.#connection.watches, path, options);
  }

  /** All pages of a list have one deadline. */
  #limit(options: CallOptions): () => CallOptions {
    const { timeoutMs = this.#terms.timeoutMs } = options;
    const { takeMs } = sharedLimit(timeoutMs, () => this.#parts.time.nowMs());
    return () => ({ ...options, timeoutMs: takeMs() });
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    checkSignal(signal);
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
      log: this.#terms.log,
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
    this.#unlisten?.();
    this.#over.abort();
    await Promise.all([...this.#discoveries].map((discovery) => discovery.close()));
    await Promise.all([...this.#registrations].map((registration) => registration.letGo()));
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await this.#pool.close();
    await this.#connection.close();
    this.#links.close();
  }
}

function checkRegistration(service: string, options: RegisterOptions): void {
  checkService(service);
  if (options.id !== undefined) checkName('option id', options.id);
  checkWhole('sessionTimeoutMs', options.sessionTimeoutMs);
  checkWhole('graceMs', options.graceMs);
  if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
}

/** The nodes that wait stand below it, so it cannot be the root. */
function checkLine(path: string): void {
  const problem = path === ROOT ? 'the root is nobody’s' : pathProblem(path);
  if (problem === undefined) return;
  throw new RollcallError('INVALID_ARGUMENT', `not the path of a lock or an election: ${problem}`);
}
