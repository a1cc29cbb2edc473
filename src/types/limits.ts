/** Every bound in the system, with the reason for its value. Bytes, counts and milliseconds, as named. */

// ---- The tree ----
/** ZooKeeper's classic ceiling (jute.maxbuffer); a node is a fact, not a file. */
export const NODE_DATA_BYTES_MAX = 1024 * 1024;
export const PATH_BYTES_MAX = 4096;
/** Keeps one apply short; a door may set less. */
export const TRANSACTION_OPERATIONS_MAX = 1024;
/** A page of children or instances. */
export const PAGE_NODES_MAX = 1000;
/** Bytes of node data in a page, so that an answer stays a fraction of the 4 MiB gRPC default. */
export const PAGE_BYTES_MAX = 1024 * 1024;
/** Names of services and instances are single path segments people type. */
export const NAME_BYTES_MAX = 255;
/** Access lists are read at every change of their node; ZooKeeper's own lists hold a handful. */
export const ACL_ENTRIES_MAX = 64;
/** Identities of one request: certificate, token and a few digests. */
export const IDENTITIES_MAX = 16;
/** Schemes, ids, addresses, and the who and why of an override. */
export const TEXT_BYTES_MAX = 1024;

/** One entry's work at apply stays within SLICE_MS_MAX or close to it; larger subtrees go in pieces. */
export const DELETE_TREE_NODES_MAX = 10_000;
/** Looked at in one piece, to count a subtree: ten milliseconds. */
export const SUBTREE_WALK_NODES_MAX = 100_000;
/** Looked at on every change below: a handful is what operators set. */
export const QUOTAS_MAX = 1_000;
/** Drained and taken off at once: more than any fleet that people look after. */
export const OVERRIDES_MAX = 10_000;
/** Remembered of a service, for "why did it vanish?". */
export const DEPARTURES_PER_SERVICE_MAX = 50;
/** Of all services together, about 200 bytes each. */
export const DEPARTURES_MAX = 20_000;
/** Operators' acts remembered; a year of a busy team. */
export const AUDIT_ENTRIES_MAX = 10_000;
export const SETTINGS_FIELDS_MAX = 256;
/** Settings as JSON: sent to every subscriber at every change. */
export const SETTINGS_BYTES_MAX = 64 * 1024;

// ---- Sessions ----
export const SESSION_TIMEOUT_MS_MIN = 2_000;
export const SESSION_TIMEOUT_MS_MAX = 600_000;
export const SESSION_TIMEOUT_MS_DEFAULT = 10_000;
export const SESSION_GRACE_MS_MIN = 250;
/** SDK default for registrations. */
export const SESSION_GRACE_MS_DEFAULT = 2_000;
/** Unacknowledged requests of one session; beyond, new seqs are turned away. */
export const SESSION_WINDOW_SEQS_MAX = 1024;
/** Stored outcomes of one session. */
export const SESSION_WINDOW_BYTES_MAX = 1024 * 1024;
/** A name, a host and a process id. */
export const SESSION_LABEL_BYTES_MAX = 256;
export const SESSION_SECRET_BYTES_MIN = 16;
export const SESSION_SECRET_BYTES_MAX = 64;
/** Assumed bound on the relative rate error of two monotonic clocks. */
export const CLOCK_RATE_ERROR = 0.05;
/** Past this age of the leader's confirmation streams turn STALE (contract 8). */
export const CONFIRMATION_AGE_MS_MAX = 1_500;
/** Graces are cancelled when this share of the sessions with grace… (contract 6) */
export const MASS_DISCONNECT_SHARE = 0.3;
/** …and at least this many lose their connection within one grace. */
export const MASS_DISCONNECT_SESSIONS_MIN = 20;
/** Sessions in one message of a report: well below PEER_FRAME_BYTES_MAX at 13 bytes each. */
export const SESSION_REPORT_ATTACHMENTS_MAX = 100_000;
/** Expiries proposed per session tick: bounded work, heartbeats unaffected. */
export const EXPIRIES_PER_TICK_MAX = 200;

// ---- What the leader does by itself ----
/** A container goes this long after its last child (ZooKeeper's interval of looking is the same). */
export const CONTAINER_IDLE_MS = 60_000;
/** Reaps and ends of overrides proposed per session tick: bounded work. */
export const REAPS_PER_TICK_MAX = 200;
/** Revisions between two comparisons of the members' digests. */
export const DIGEST_MARK_REVISIONS = 256;
/** And the time, when there was any change: a quiet cluster is compared too. */
export const DIGEST_MARK_MS = 5_000;

/** Marks whose digests are remembered, of each member: what a slower one may still have to compare. */
export const DIGEST_MARKS_KEPT = 8;
/** Members that disagree wait so long for one that has not said yet, before nothing is served. */
export const DIGEST_SPLIT_MS = 1_000;
/** Between two marks that somebody's coming asks for: links that flap must not fill the log. */
export const DIGEST_MARK_SOON_MS = 250;
/** A member that was fenced starts again in place so often within the window; then its process ends. */
export const FENCINGS_MAX = 3;
export const FENCINGS_WINDOW_MS = 600_000;

// ---- A member ----
/** Of a configuration file: many times what any needs, and soon read. */
export const CONFIG_BYTES_MAX = 64 * 1024;
/** Requests accepted from clients and not yet applied, bytes: past it OVERLOADED. */
export const PENDING_BYTES_MAX = 64 * 1024 * 1024;
export const PENDING_REQUESTS_MAX = 200_000;
/** Clients connected to one member, unless told otherwise: at some ten kilobytes each, a few hundred megabytes. */
export const CONNECTIONS_MAX = 20_000;
/** Past the limit: so many are told why at once, the others are dropped. */
export const CONNECTIONS_REFUSED_AT_ONCE_MAX = 64;
/** Requests open on one attachment. */
export const ATTACHMENT_REQUESTS_MAX = 20_000;
/** Frames and operations taken from a stream while its client reads nothing: some megabytes of refusals. */
export const UNREAD_OPERATIONS_MAX = 2 * ATTACHMENT_REQUESTS_MAX;
/** Bytes handed to a connection and not yet written; past it its watches wait on the history. */
export const ATTACHMENT_UNSENT_BYTES_MAX = 256 * 1024;
/** The same over all calls of a connection, which may be ten thousand: sixteen of them that are full. */
export const CONNECTION_UNSENT_BYTES_MAX = 16 * ATTACHMENT_UNSENT_BYTES_MAX;
export const RETRY_AFTER_MS = 250;
/** Addresses whose unary calls keep an attachment while none is open: about two kilobytes each. */
export const ANONYMOUS_CALLERS_MAX = 4096;
/** Instances that wait for slow subscribers, of all of them together: some 200 bytes each. */
export const SUBSCRIPTIONS_WAITING_MAX = 1_000_000;
/** Snapshots of services under way at once: each takes a millisecond of a turn. */
export const SNAPSHOTS_AT_ONCE_MAX = 8;
/** Instances kept encoded for subscribers that begin: some fifty thousand. */
export const INSTANCE_BYTES_KEPT_MAX = 32 * 1024 * 1024;
/** Data of the instances in one message of a snapshot: well inside SLICE_MS_MAX. */
export const ROLL_PART_BYTES_MAX = 128 * 1024;
/** Events kept for watches that resume or lag. */
export const HISTORY_EVENTS_MAX = 100_000;
export const HISTORY_BYTES_MAX = 64 * 1024 * 1024;
/** Replay that a start has to do; a checkpoint is taken when any is reached. */
export const CHECKPOINT_ENTRIES = 256 * 1024;
export const CHECKPOINT_BYTES = 64 * 1024 * 1024;
export const CHECKPOINT_INTERVAL_MS = 30_000;
/** Bytes of rows encoded in one slice of a checkpoint: well inside SLICE_MS_MAX. */
export const CHECKPOINT_SLICE_BYTES_MAX = 1024 * 1024;
/** Log kept for members that fetch a checkpoint; past it they have to start over with a newer one. */
export const CHECKPOINT_HELD_LOG_BYTES_MAX = 1024 * 1024 * 1024;
/** Synchronous work in one piece. */
export const SLICE_MS_MAX = 10;
export const REQUEST_TIMEOUT_MS_DEFAULT = 5_000;
export const REQUEST_TIMEOUT_MS_MAX = 600_000;

// ---- Messages ----
/** A client's request on the wire. */
export const REQUEST_BYTES_MAX = 1536 * 1024;
/** A frame between members: heartbeats never queue behind more (design 5, Raft). */
export const PEER_FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** Handed to a peer's connection and not yet written out: what a heartbeat can find ahead of it. */
export const PEER_UNSENT_BYTES_MAX = 64 * 1024;
/** Appends and forwards are cut into pieces of this size: one is written while the next is prepared. */
export const PEER_CHUNK_BYTES = 32 * 1024;
/** Appends and forwards waiting for one peer; Raft's window of unanswered appends stays well below. */
export const PEER_BULK_QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** Votes, heartbeats and answers waiting for one peer: many seconds of them. */
export const PEER_URGENT_QUEUE_BYTES_MAX = 1024 * 1024;
/** Bytes of one direction in the network: a ping passes them within its timeout at 2 Mbit/s. */
export const PEER_WINDOW_BYTES = 256 * 1024;
/** Names, ids, addresses and versions; a DNS name has at most 253 bytes. */
export const PEER_TEXT_BYTES_MAX = 512;

// ---- The log on disk ----
/** Trimming removes whole segments; two of them are a replay of a second. */
export const LOG_SEGMENT_BYTES = 32 * 1024 * 1024;
/** Writes that wait for the disk share one frame up to this size; a single larger one has its own. */
export const LOG_FRAME_BYTES_MAX = 4 * 1024 * 1024;

// ---- Raft ----
/** One append; several fit into a peer frame, and a follower's disk is busy with one for about a millisecond. */
export const RAFT_APPEND_BYTES_MAX = 256 * 1024;
/** Appends to one follower without an answer: enough to cover a slow sync at full speed. */
export const RAFT_INFLIGHT_APPENDS_MAX = 64;
export const RAFT_INFLIGHT_BYTES_MAX = 16 * 1024 * 1024;
/** Entries a leader has taken and not committed; past it proposals are turned away. */
export const RAFT_UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
/** Reads that wait for a round; each belongs to a request, which is bounded already. */
export const RAFT_READS_PENDING_MAX = PENDING_REQUESTS_MAX;
/** Read requests of a follower under way at once; the rest batch behind them. */
export const RAFT_FORWARDED_READS_MAX = 4;
/** How far a message may run ahead of our term: more than any cluster's life, less than what would exhaust it. */
export const RAFT_TERM_JUMP_MAX = 2 ** 32;
/** Watches on one member: each costs about half a kilobyte. */
export const WATCHES_MAX = 1_000_000;

// ---- The command line ----
/** Of an answer to a health check: its status decides, the rest is only read past. */
export const CHECK_BODY_BYTES_MAX = 64 * 1024;
/** Between probes of a server that has never been well: it is about to be. */
export const CHECK_STARTING_INTERVAL_MS = 500;
/** In one environment variable of a command run by a watch: Linux takes 128 KiB of one string. */
export const HOOK_VARIABLE_BYTES_MAX = 120 * 1024;
/** Of completion: what a shell shows without asking twice. */
export const COMPLETIONS_MAX = 200;
