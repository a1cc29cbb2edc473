/**
 * The messages that make up nearly all traffic, written by hand: stats, nodes, events, and the answers
 * to single reads and changes. A test holds each to what the general encoder writes. Tags are named by
 * message and field.
 */
import { EVENT_TYPES, NODE_KINDS } from '../../rpc/convert.js';
import { MessageWriter } from '../../rpc/message-writer.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import type { NodeStat, Override, TreeNode } from '../../types/node.js';

const VARINT = 0;
const LENGTH = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

const STAT_CREATE_REVISION = tag(1, VARINT);
const STAT_MODIFY_REVISION = tag(2, VARINT);
const STAT_CHILDREN_REVISION = tag(3, VARINT);
const STAT_CREATE_TIME = tag(4, VARINT);
const STAT_MODIFY_TIME = tag(5, VARINT);
const STAT_VERSION = tag(6, VARINT);
const STAT_CREATE_COUNT = tag(7, VARINT);
const STAT_ACL_VERSION = tag(8, VARINT);
const STAT_OWNER = tag(9, VARINT);
const STAT_DATA_LENGTH = tag(10, VARINT);
const STAT_CHILD_COUNT = tag(11, VARINT);
const STAT_KIND = tag(12, VARINT);
const STAT_TTL_MS = tag(13, VARINT);
const STAT_ORDINAL = tag(14, VARINT);
const STAT_SEQUENCE = tag(15, VARINT);
const STAT_INCARNATION = tag(16, VARINT);

const NODE_PATH = tag(1, LENGTH);
const NODE_DATA = tag(2, LENGTH);
const NODE_STAT = tag(3, LENGTH);

export function writeStat(writer: MessageWriter, field: number, stat: NodeStat): void {
  const start = writer.begin(field);
  writer.uint(STAT_CREATE_REVISION, stat.createRevision);
  writer.uint(STAT_MODIFY_REVISION, stat.modifyRevision);
  writer.uint(STAT_CHILDREN_REVISION, stat.childrenRevision);
  writer.uint(STAT_CREATE_TIME, stat.createTime);
  writer.uint(STAT_MODIFY_TIME, stat.modifyTime);
  writer.uint(STAT_VERSION, stat.version);
  writer.uint(STAT_CREATE_COUNT, stat.createCount);
  writer.uint(STAT_ACL_VERSION, stat.aclVersion);
  writer.uint(STAT_OWNER, stat.owner);
  writer.uint(STAT_DATA_LENGTH, stat.dataLength);
  writer.uint(STAT_CHILD_COUNT, stat.childCount);
  if (stat.kind !== 'persistent') writer.uint(STAT_KIND, NODE_KINDS.indexOf(stat.kind));
  writer.uint(STAT_TTL_MS, stat.ttlMs);
  writer.uint(STAT_ORDINAL, stat.ordinal);
  writer.uint(STAT_SEQUENCE, stat.sequence);
  writer.uint(STAT_INCARNATION, stat.incarnation);
  writer.end(start);
}

type NodeParts = Pick<TreeNode, 'path' | 'data' | 'stat'>;

export function writeNode(writer: MessageWriter, field: number, node: NodeParts): void {
  const start = writer.begin(field);
  writer.text(NODE_PATH, node.path);
  writer.bytes(NODE_DATA, node.data);
  writeStat(writer, NODE_STAT, node.stat);
  writer.end(start);
}

const CREATE_PATH = tag(1, LENGTH);
const CREATE_STAT = tag(2, LENGTH);
const CREATE_REVISION = tag(3, VARINT);
const SET_STAT = tag(1, LENGTH);
const SET_REVISION = tag(2, VARINT);
const DELETE_REVISION = tag(1, VARINT);
const DELETE_NODES = tag(2, VARINT);
const GET_NODE = tag(1, LENGTH);
const GET_REVISION = tag(2, VARINT);

interface Named {
  readonly path: string;
  readonly stat: NodeStat;
}

export function writeCreateResponse(writer: MessageWriter, created: Named, revision: number): void {
  writer.text(CREATE_PATH, created.path);
  writeStat(writer, CREATE_STAT, created.stat);
  writer.uint(CREATE_REVISION, revision);
}

export function writeSetResponse(writer: MessageWriter, stat: NodeStat, revision: number): void {
  writeStat(writer, SET_STAT, stat);
  writer.uint(SET_REVISION, revision);
}

export function writeDeleteResponse(writer: MessageWriter, revision: number, nodes = 0): void {
  writer.uint(DELETE_REVISION, revision);
  writer.uint(DELETE_NODES, nodes);
}

export function writeGetResponse(
  writer: MessageWriter,
  node: NodeParts | undefined,
  revision: number,
): void {
  if (node !== undefined) writeNode(writer, GET_NODE, node);
  writer.uint(GET_REVISION, revision);
}

const WATCH_EVENTS = tag(2, LENGTH);
const EVENTS_REVISION = tag(1, VARINT);
const EVENTS_EVENT = tag(2, LENGTH);
const EVENTS_MORE = tag(3, VARINT);
const EVENT_TYPE = tag(1, VARINT);
const EVENT_NODE = tag(2, LENGTH);
const EVENT_CAUSE = tag(3, LENGTH);
const EVENT_OVERRIDE = tag(4, LENGTH);

/** A WatchResponse with the events of one revision, or with a part of them that is not the last. */
export function writeWatchEvents(writer: MessageWriter, batch: EventBatch, more = false): void {
  const start = writer.begin(WATCH_EVENTS);
  writer.uint(EVENTS_REVISION, batch.revision);
  for (const event of batch.events) writeEvent(writer, event);
  writer.uint(EVENTS_MORE, more ? 1 : 0);
  writer.end(start);
}

function writeEvent(writer: MessageWriter, event: TreeEvent): void {
  const start = writer.begin(EVENTS_EVENT);
  writer.uint(EVENT_TYPE, EVENT_TYPES.indexOf(event.type));
  writeNode(writer, EVENT_NODE, event);
  writer.text(EVENT_CAUSE, event.cause);
  if (event.override !== undefined) writeOverride(writer, EVENT_OVERRIDE, event.override);
  writer.end(start);
}

const OVERRIDE_ACTION = tag(1, LENGTH);
const OVERRIDE_WHO = tag(2, LENGTH);
const OVERRIDE_REASON = tag(3, LENGTH);
const OVERRIDE_UNTIL = tag(4, VARINT);
const OVERRIDE_REVISION = tag(5, VARINT);

function writeOverride(writer: MessageWriter, field: number, override: Override): void {
  const start = writer.begin(field);
  writer.text(OVERRIDE_ACTION, override.action);
  writer.text(OVERRIDE_WHO, override.who);
  writer.text(OVERRIDE_REASON, override.reason);
  writer.uint(OVERRIDE_UNTIL, override.until);
  writer.uint(OVERRIDE_REVISION, override.revision);
  writer.end(start);
}

const scratch = new MessageWriter();

/** One message on its own. */
export function messageBytes<Args extends unknown[]>(
  write: (writer: MessageWriter, ...args: Args) => void,
  ...args: Args
): Buffer {
  write(scratch, ...args);
  return scratch.take();
}
