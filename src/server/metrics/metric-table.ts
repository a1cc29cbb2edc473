/**
 * Every metric that is read from the member when scraped: its name without the prefix, what it says, and
 * where it stands in a reading. No label ever holds a path, a session or an address; the number of series
 * is bounded. `docs/metrics.md` lists them, and a test holds the two together.
 */
import { PENDING_BYTES_MAX, PENDING_REQUESTS_MAX } from '../../types/limits.js';
import type { Sample } from './readable.js';
import type { InstanceCount, Reading } from './reading.js';

export interface Row {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly values: (reading: Reading) => Sample[];
}

type Plain = readonly [name: string, help: string, read: (reading: Reading) => number | undefined];

/** Services with series of their own; the rest is summed under "(other)". */
const SERVICES_MAX = 100;
const OTHER = '(other)';
const ROLES = ['leader', 'follower', 'candidate', 'learner', 'quarantined'];

const GAUGES: readonly Plain[] = [
  ['raft_term', "Raft's term.", (r) => r.term],
  ['raft_commit_index', 'Highest entry known to be on a majority.', (r) => r.commitIndex],
  ['raft_applied_index', 'Highest entry applied here.', (r) => r.appliedIndex],
  ['raft_last_index', 'Highest entry in the log here.', (r) => r.lastIndex],
  ['raft_is_leader', '1 on the leader.', (r) => (r.role === 'leader' ? 1 : 0)],
  ['raft_log_bytes', 'Bytes of the log on disk.', (r) => r.log.bytes],
  ['raft_log_segments', 'Files of the log on disk.', (r) => r.log.segments],
  ['raft_log_first_index', 'Lowest entry in the log here.', (r) => r.log.firstIndex],
  [
    'confirmation_age_seconds',
    'Time since a leader was last confirmed by a quorum.',
    (r) => r.confirmationAgeMs / 1000,
  ],
  [
    'disk_stalled_seconds',
    'How long the oldest write of the log has been under way; 0: none is.',
    (r) => r.log.waitingMs / 1000,
  ],
  ['disk_free_bytes', 'Free on the disk of the data directory.', (r) => r.disk?.freeBytes],
  ['disk_total_bytes', 'Size of the disk of the data directory.', (r) => r.disk?.totalBytes],
  ['checkpoint_index', 'The state on disk is of this revision.', (r) => r.checkpoint.index],
  [
    'checkpoint_age_seconds',
    'Time since the latest checkpoint, or since the start.',
    (r) => r.checkpoint.ageMs / 1000,
  ],
  [
    'checkpoint_duration_seconds',
    'What the latest checkpoint took.',
    (r) => r.checkpoint.tookMs / 1000,
  ],
  ['checkpoint_bytes', 'Bytes of the rows of the latest checkpoint.', (r) => r.checkpoint.bytes],
  [
    'history_floor',
    'Watches resume without a snapshot after this revision or a later one.',
    (r) => r.history.floor,
  ],
  ['history_events', 'Events kept for watches that resume.', (r) => r.history.events],
  ['history_bytes', 'Their bytes, about.', (r) => r.history.bytes],
  [
    'pending_requests',
    'Changes accepted here and not yet applied.',
    (r) => r.figures.pendingRequests,
  ],
  ['pending_requests_limit', 'How many may be.', () => PENDING_REQUESTS_MAX],
  [
    'pending_bytes',
    'Bytes of changes accepted here and not yet applied.',
    (r) => r.figures.pendingBytes,
  ],
  ['pending_bytes_limit', 'How many may be.', () => PENDING_BYTES_MAX],
  [
    'reads_unconfirmed',
    'Reads that wait for a leader to answer for them.',
    (r) => r.figures.unconfirmedReads,
  ],
  [
    'attachments',
    'Streams and calls of clients that the member serves.',
    (r) => r.figures.attachments,
  ],
  ['watches', 'Watches served by this member.', (r) => r.figures.watches],
  [
    'watches_lagging',
    'Watches that read on from the history, or are shown a snapshot.',
    (r) => r.figures.laggingWatches,
  ],
  ['sessions', 'Live sessions of the cluster.', (r) => r.sessions],
  ['nodes', 'Nodes of the tree.', (r) => r.nodes],
  ['connections', 'Connections of clients now.', (r) => r.connections.current],
  ['connections_limit', 'How many there may be.', (r) => r.connections.limit],
];

const COUNTERS: readonly Plain[] = [
  ['read_rounds_total', 'Questions to the leader and its quorum.', (r) => r.figures.rounds],
  ['forwarded_total', 'Changes sent from here to a leader elsewhere.', (r) => r.figures.forwarded],
  [
    'watch_resyncs_total',
    'Marked snapshots: reader too slow, or history gone.',
    (r) => r.figures.resyncs,
  ],
  ['reaps_total', 'Ends of nodes and overrides that this leader proposed.', (r) => r.figures.reaps],
  ['checkpoints_total', 'Checkpoints taken.', (r) => r.checkpoint.taken],
  [
    'digest_comparisons_total',
    'Comparisons in which this member held what a majority does.',
    (r) => r.figures.agreements,
  ],
  [
    'digest_mismatches_total',
    'Comparisons in which some member held another state.',
    (r) => r.figures.mismatches,
  ],
  ['connections_opened_total', 'Connections of clients let in.', (r) => r.connections.opened],
  [
    'connections_refused_total',
    'Connections of clients past the limit.',
    (r) => r.connections.refused,
  ],
  ['client_received_bytes_total', 'Bytes from clients.', (r) => r.connections.received],
  ['client_sent_bytes_total', 'Bytes to clients.', (r) => r.connections.sent],
];

const LABELLED: readonly Row[] = [
  {
    name: 'raft_role',
    type: 'gauge',
    help: '1 for the role that the member has.',
    values: ({ role }) =>
      ROLES.map((name) => ({ value: name === role ? 1 : 0, labels: { role: name } })),
  },
  {
    name: 'raft_follower_lag_entries',
    type: 'gauge',
    help: 'At the leader: entries that a member is behind.',
    values: ({ followers }) =>
      followers.map(({ name, lag }) => ({ value: lag, labels: { member: name } })),
  },
  {
    name: 'instances',
    type: 'gauge',
    help: 'Instances on the roll, by service and state.',
    values: ({ instances }) => instanceSamples(instances),
  },
  peerRow('peer_connected', 'gauge', '1 while there is a link to that member.', (peer) =>
    peer.isConnected ? 1 : 0,
  ),
  peerRow('peer_received_bytes_total', 'counter', 'Bytes from that member.', (p) => p.received),
  peerRow('peer_sent_bytes_total', 'counter', 'Bytes to that member.', (p) => p.sent),
];

export const TABLE: readonly Row[] = [
  ...GAUGES.map((plain) => plainRow('gauge', plain)),
  ...COUNTERS.map((plain) => plainRow('counter', plain)),
  ...LABELLED,
];

function plainRow(type: Row['type'], [name, help, read]: Plain): Row {
  const values = (reading: Reading) => {
    const value = read(reading);
    return value === undefined ? [] : [{ value, labels: {} }];
  };
  return { name, type, help, values };
}

function peerRow(
  name: string,
  type: Row['type'],
  ...[help, read]: [string, (peer: Reading['peers'][number]) => number]
): Row {
  const values = ({ peers }: Reading) =>
    peers.map((peer) => ({ value: read(peer), labels: { member: peer.name } }));
  return { name, type, help, values };
}

function instanceSamples(instances: readonly InstanceCount[]): Sample[] {
  const sums = new Map<string, { value: number; labels: Record<string, string> }>();
  for (const { service, state, count } of boundServices(instances)) {
    const known = sums.get(`${service} ${state}`);
    if (known !== undefined) known.value += count;
    else sums.set(`${service} ${state}`, { value: count, labels: { service, state } });
  }
  return [...sums.values()];
}

/** The first services in order of name keep theirs, so that series do not come and go. */
export function boundServices(counts: readonly InstanceCount[]): InstanceCount[] {
  const names = [...new Set(counts.map(({ service }) => service))].sort();
  const shown = new Set(names.slice(0, SERVICES_MAX));
  return counts.map((count) => (shown.has(count.service) ? count : { ...count, service: OTHER }));
}
