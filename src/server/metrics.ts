/**
 * Every metric of a member, its name and its labels. Events are counted where they happen, at the cost
 * of an addition; what the member is (term, lag, instances) is read from one source when scraped.
 * No label ever holds a path, a session or an address; the number of series is bounded.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { RequestMetrics } from './request-metrics.js';

/** What a member is at the moment of a scrape. */
export interface GaugeSource {
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly isLeader: boolean;
  readonly role: string;
  readonly sessions: number;
  readonly watches: number;
  readonly nodes: number;
  /** At the leader: entries each other member is behind. */
  readonly followers: readonly { readonly name: string; readonly lag: number }[];
  readonly instances: readonly InstanceCount[];
  readonly confirmationAgeMs: number;
  readonly logBytes: number;
  /** Requests accepted and not yet applied. */
  readonly pendingRequests: number;
  readonly pendingBytes: number;
  readonly historyEvents: number;
}

export interface InstanceCount {
  readonly service: string;
  readonly state: string;
  readonly count: number;
}

export type ExpiryReason = 'timeout' | 'grace' | 'revoked';

export interface Metrics {
  readonly registry: Registry;
  /** A request was answered: `code` is OK or an error's code. */
  request(method: string, code: string, seconds: number): void;
  inFlight(delta: number): void;
  fsync(seconds: number): void;
  /** From the apply of a change to its hand-over to a subscriber's connection. */
  pushLag(seconds: number): void;
  sessionExpired(reason: ExpiryReason): void;
  /** Where the gauges come from, once the member runs. */
  setSource(source: () => GaugeSource): void;
}

/** Services with series of their own; the rest is summed under "(other)". */
const SERVICES_MAX = 100;
const OTHER = '(other)';
const ROLES = ['leader', 'follower', 'candidate', 'learner', 'quarantined'];
const FSYNC_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1,
];
const PUSH_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Gauges without labels: name, what it says, where it is read. */
const PLAIN: readonly (readonly [string, string, (source: GaugeSource) => number])[] = [
  ['raft_term', "Raft's term.", (s) => s.term],
  ['raft_commit_index', 'Highest entry known to be on a majority.', (s) => s.commitIndex],
  ['raft_applied_index', 'Highest entry applied here.', (s) => s.appliedIndex],
  ['raft_is_leader', '1 on the leader.', (s) => (s.isLeader ? 1 : 0)],
  ['raft_log_bytes', 'Bytes of the log on disk.', (s) => s.logBytes],
  [
    'confirmation_age_seconds',
    'Time since a leader was last confirmed by a quorum.',
    (s) => s.confirmationAgeMs / 1000,
  ],
  ['sessions', 'Live sessions of the cluster.', (s) => s.sessions],
  ['watches', 'Watches served by this member.', (s) => s.watches],
  ['nodes', 'Nodes of the tree.', (s) => s.nodes],
  ['pending_requests', 'Requests accepted and not yet applied.', (s) => s.pendingRequests],
  ['pending_bytes', 'Their bytes.', (s) => s.pendingBytes],
  ['history_events', 'Events kept for watches that resume.', (s) => s.historyEvents],
];

export function createMetrics(version = 'unknown'): Metrics {
  const registry = new Registry();
  const gauges = createGauges(registry);
  const requests = new RequestMetrics(registry);
  const events = createEventMetrics(registry);
  collectDefaultMetrics({ register: registry, prefix: 'rollcall_' });
  const info = { name: 'rollcall_build_info', help: 'The version that runs.' };
  new Gauge({ ...info, labelNames: ['version'], registers: [registry] }).set({ version }, 1);
  return {
    registry,
    request: (method, code, seconds) => requests.observe(method, code, seconds),
    setSource: (source) => gauges.setSource(source),
    ...events,
  };
}

function createEventMetrics(registry: Registry) {
  const registers = [registry];
  const inFlight = new Gauge({
    name: 'rollcall_requests_in_flight',
    help: 'Requests that clients wait for.',
    registers,
  });
  const fsync = new Histogram({
    name: 'rollcall_log_fsync_seconds',
    help: 'Time to make a write to the log durable.',
    buckets: FSYNC_SECONDS,
    registers,
  });
  const push = new Histogram({
    name: 'rollcall_push_lag_seconds',
    help: 'From the apply of a change to its hand-over to a subscriber.',
    buckets: PUSH_SECONDS,
    registers,
  });
  const expired = createExpired(registers);
  return {
    inFlight: (delta: number) => inFlight.inc(delta),
    fsync: (seconds: number) => fsync.observe(seconds),
    pushLag: (seconds: number) => push.observe(seconds),
    sessionExpired: (reason: ExpiryReason) => expired[reason].inc(),
  };
}

/** All reasons exist from the start, so that a rate has a zero to rise from. */
function createExpired(registers: Registry[]): Record<ExpiryReason, Counter.Internal> {
  const counter = new Counter({
    name: 'rollcall_sessions_expired_total',
    help: 'Sessions that the cluster ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const child = (reason: ExpiryReason) => {
    counter.inc({ reason }, 0);
    return counter.labels(reason);
  };
  return { timeout: child('timeout'), grace: child('grace'), revoked: child('revoked') };
}

/** The gauge registered first refreshes all: a scrape asks the source once. */
function createGauges(registry: Registry) {
  let source: (() => GaugeSource) | undefined;
  const registers = [registry];
  const refresh = () => {
    if (source !== undefined) show(source());
  };
  const plain = PLAIN.map(([name, help, read], i) => {
    const first = i === 0 ? { collect: refresh } : {};
    return { read, gauge: new Gauge({ name: `rollcall_${name}`, help, registers, ...first }) };
  });
  const labelled = createLabelledGauges(registers);
  const show = (now: GaugeSource) => {
    for (const { gauge, read } of plain) gauge.set(read(now));
    labelled.show(now);
  };
  return {
    setSource: (wanted: () => GaugeSource) => {
      source = wanted;
    },
  };
}

function createLabelledGauges(registers: Registry[]) {
  const role = new Gauge({
    name: 'rollcall_raft_role',
    help: '1 for the role that the member has.',
    labelNames: ['role'],
    registers,
  });
  const lag = new Gauge({
    name: 'rollcall_raft_follower_lag_entries',
    help: 'At the leader: entries that a member is behind.',
    labelNames: ['member'],
    registers,
  });
  const instances = new Gauge({
    name: 'rollcall_instances',
    help: 'Instances on the roll, by service and state.',
    labelNames: ['service', 'state'],
    registers,
  });
  const show = (now: GaugeSource) => {
    for (const name of ROLES) role.set({ role: name }, name === now.role ? 1 : 0);
    lag.reset();
    for (const { name, lag: entries } of now.followers) lag.set({ member: name }, entries);
    instances.reset();
    for (const { service, state, count } of boundServices(now.instances)) {
      instances.inc({ service, state }, count);
    }
  };
  return { show };
}

/** The first services in order of name keep theirs, so that series do not come and go. */
export function boundServices(counts: readonly InstanceCount[]): InstanceCount[] {
  const names = [...new Set(counts.map(({ service }) => service))].sort();
  const shown = new Set(names.slice(0, SERVICES_MAX));
  return counts.map((count) => (shown.has(count.service) ? count : { ...count, service: OTHER }));
}
