/**
 * A cluster in memory for tests of the client: members that share one state, keep the rules of sessions
 * (attach epochs, seqs, first results), and can be refused, hung or cut off.
 */

import type {
  AskTerms,
  Channel,
  ChannelStream,
  ConnectionWatcher,
  StreamHandler,
} from '../../src/client/core/channel.js';
import type * as wire from '../../src/gen/index.js';
import type { Method, Outgoing } from '../../src/rpc/shapes.js';
import { RollcallError } from '../../src/types/errors.js';
import { never } from './never.js';
import { applyToRoll, type Claimed } from './twin-roll.js';

interface StoredSession {
  readonly id: number;
  epoch: number;
  /** First results by seq. */
  readonly results: Map<number, Outcome>;
}

export type Outcome = Partial<wire.OperationResponse>;
export type Operation = Partial<wire.StreamOperation> & {
  readonly id: number;
  readonly seq: number;
};
type Frame = { operations?: readonly Operation[]; ackedSeq?: number; touch?: number };
type Item = Partial<Record<keyof wire.StreamItem, unknown>>;

export class TwinCluster {
  revision = 10;
  readonly nodes = new Map<string, { data: string; version: number; create: number }>();
  readonly sessions = new Map<string, StoredSession>();
  readonly members = new Map<string, TwinMember>();
  /** Registered instances by path. */
  readonly roll = new Map<string, Claimed>();
  /** Changes that were applied, in order: each exactly once, or the client failed. */
  readonly applied: string[] = [];

  constructor(endpoints: readonly string[]) {
    for (const endpoint of endpoints) this.members.set(endpoint, new TwinMember(this, endpoint));
  }

  member(endpoint: string): TwinMember {
    return this.members.get(endpoint)!;
  }

  readonly open = (endpoint: string): Channel => this.member(endpoint).connect();

  /** The member that has streams. */
  get serving(): TwinMember | undefined {
    return [...this.members.values()].find(({ streams }) => streams.size > 0);
  }

  expireSessions(): void {
    this.sessions.clear();
    this.roll.clear();
  }

  change(path: string, data: string): number {
    this.revision++;
    const node = this.nodes.get(path);
    const version = node === undefined ? 0 : node.version + 1;
    this.nodes.set(path, { data, version, create: node?.create ?? this.revision });
    this.applied.push(`${path}=${data}`);
    for (const member of this.members.values()) member.publish(path, node === undefined);
    return this.revision;
  }

  stat(path: string): wire.Stat {
    const { version, data, create } = this.nodes.get(path)!;
    return {
      ...NO_STAT,
      createRevision: create,
      modifyRevision: this.revision,
      version,
      dataLength: data.length,
    };
  }

  nodeMessage(path: string): wire.Node {
    return { path, data: Buffer.from(this.nodes.get(path)!.data), stat: this.stat(path) };
  }
}

const NO_STAT: wire.Stat = {
  createRevision: 0,
  modifyRevision: 0,
  childrenRevision: 0,
  createTime: 0,
  modifyTime: 0,
  version: 0,
  createCount: 0,
  aclVersion: 0,
  owner: 0,
  dataLength: 0,
  childCount: 0,
  kind: 0,
  ttlMs: 0,
  ordinal: 0,
  sequence: 0,
  incarnation: 0,
};

export class TwinMember {
  readonly endpoint: string;
  readonly cluster: TwinCluster;
  readonly streams = new Set<TwinStream>();
  /** Refuses connections. */
  isDown = false;
  /** Opening a session is refused with this code. */
  refusesSessions: string | undefined;
  #isHung = false;
  /** Breaks the stream after it has taken something about this path, or anything at all. */
  garbles: string | undefined;
  /** Watches are refused with this code. */
  refusesWatches: string | undefined;
  /** Turns away this many changes, and with the first all that follow until it comes again. */
  turnsAway = 0;
  connections = 0;
  readonly frames: Frame[] = [];
  readonly channels = new Set<TwinChannel>();
  /** Answers to calls of their own, by the path of the method. */
  readonly answers = new Map<string, (request: unknown) => unknown>();
  /** Paths of the calls of their own that came. */
  readonly asked: string[] = [];

  constructor(cluster: TwinCluster, endpoint: string) {
    this.cluster = cluster;
    this.endpoint = endpoint;
  }

  /** Takes everything, answers nothing, and goes on where it was when it wakes. */
  get isHung(): boolean {
    return this.#isHung;
  }

  set isHung(isHung: boolean) {
    this.#isHung = isHung;
    if (!isHung) for (const wake of this.sleeping.splice(0)) wake();
  }

  readonly sleeping: (() => void)[] = [];

  connect(): Channel {
    this.connections++;
    const channel = new TwinChannel(this);
    this.channels.add(channel);
    return channel;
  }

  /** As a crash: every connection is gone at once. */
  crash(): void {
    this.isDown = true;
    for (const channel of [...this.channels]) channel.fail();
  }

  publish(path: string, isNew: boolean): void {
    for (const stream of this.streams) stream.publish(path, isNew);
  }
}

class TwinChannel implements Channel {
  readonly endpoint: string;
  readonly member: TwinMember;
  #watcher: ConnectionWatcher | undefined;
  #isClosed = false;
  isConnected = false;

  constructor(member: TwinMember) {
    this.member = member;
    this.endpoint = member.endpoint;
  }

  connect(watcher: ConnectionWatcher): void {
    this.#watcher = watcher;
    queueMicrotask(() => {
      if (this.#isClosed) return;
      if (this.member.isHung) this.member.sleeping.push(() => this.connect(watcher));
      else if (this.member.isDown) this.fail();
      else {
        this.isConnected = true;
        watcher.connected();
      }
    });
  }

  open(handler: StreamHandler): ChannelStream {
    return new TwinStream(this.member, handler);
  }

  fail(): void {
    if (this.#isClosed) return;
    this.isConnected = false;
    this.#watcher?.failed(new RollcallError('UNAVAILABLE', `${this.endpoint} is gone`));
  }

  async ask<Request, Response>(
    { path }: Method<Request, Response>,
    request: Outgoing<Request>,
    terms: AskTerms,
  ): Promise<Response> {
    const { member } = this;
    if (member.isDown) throw new RollcallError('UNAVAILABLE', `${this.endpoint} is gone`);
    member.asked.push(path);
    if (member.isHung) return never(terms);
    const answer = member.answers.get(path);
    if (answer === undefined) throw new RollcallError('UNIMPLEMENTED', 'not in the twin');
    return (await answer(request)) as Response;
  }

  close(): void {
    this.#isClosed = true;
    this.member.channels.delete(this);
  }
}

class TwinStream implements ChannelStream {
  readonly #member: TwinMember;
  readonly #handler: StreamHandler;
  readonly #watches = new Map<number, string>();
  #session: StoredSession | undefined;
  #epoch = 0;
  #blockedAt: number | undefined;
  #isClosed = false;

  constructor(member: TwinMember, handler: StreamHandler) {
    this.#member = member;
    this.#handler = handler;
    member.streams.add(this);
  }

  send(frame: unknown): boolean {
    if (this.#member.isDown) return true;
    this.#member.frames.push(frame as Frame);
    if (this.#member.isHung) this.#member.sleeping.push(() => this.#receive(frame));
    else this.#receive(frame);
    return true;
  }

  #receive(frame: unknown): void {
    if (this.#isClosed || this.#member.isDown) return;
    const { operations = [], touch = 0 } = structuredClone(frame) as Frame;
    const items: Item[] = operations.flatMap((operation) => this.#answer(operation));
    if (touch > 0 && this.#session !== undefined) items.push({ touched: touch });
    if (operations.some((operation) => this.#isGarbled(operation)))
      queueMicrotask(() => this.break());
    else queueMicrotask(() => this.deliver(items));
  }

  /** The client could not take what came. */
  break(): void {
    if (this.#isClosed) return;
    this.close();
    this.#handler.ended(new RollcallError('PROTOCOL', 'no message', { outcome: 'unknown' }));
  }

  #isGarbled({ set, create, delete: deletion, get }: Operation): boolean {
    const { garbles } = this.#member;
    if (garbles === undefined) return false;
    return garbles === '*' || (set ?? create ?? deletion ?? get)?.path === garbles;
  }

  close(): void {
    this.#isClosed = true;
    this.#member.streams.delete(this);
  }

  deliver(items: readonly Item[]): void {
    if (this.#isClosed || items.length === 0) return;
    if (this.#member.isHung) {
      this.#member.sleeping.push(() => this.deliver(items));
      return;
    }
    this.#handler.frame({ items } as unknown as wire.StreamResponse);
  }

  publish(path: string, isNew: boolean): void {
    const { cluster } = this.#member;
    for (const [id, parent] of this.#watches) {
      if (path.slice(0, path.lastIndexOf('/')) !== parent) continue;
      const event = { type: isNew ? 0 : 1, node: cluster.nodeMessage(path), cause: 'client' };
      const events = { revision: cluster.revision, events: [event] };
      this.deliver([{ watch: { id, response: { events } } }]);
    }
  }

  #answer(operation: Operation): Item[] {
    const { id, open, attach, watch, get } = operation;
    if (open !== undefined) return [this.#opened(id, Buffer.from(open.secret).toString('hex'))];
    if (attach !== undefined) return [this.#attached(id, attach)];
    if (watch !== undefined) return this.#watch(id, watch);
    if (operation.unwatch !== undefined) {
      this.#watches.delete(operation.unwatch);
      return [];
    }
    if (get !== undefined) return [{ response: { id, get: this.#get(get.path) } }];
    return [{ response: { id, ...this.#write(operation) } }];
  }

  #opened(id: number, secret: string): Item {
    const { sessions } = this.#member.cluster;
    const { refusesSessions } = this.#member;
    if (refusesSessions !== undefined) return { response: { id, error: problem(refusesSessions) } };
    const known = sessions.get(secret);
    const session = known ?? { id: ++this.#member.cluster.revision, epoch: 0, results: new Map() };
    sessions.set(secret, session);
    return this.#bind(id, session);
  }

  #attached(id: number, attach: wire.AttachRequest): Item {
    const { refusesSessions } = this.#member;
    if (refusesSessions !== undefined) return { response: { id, error: problem(refusesSessions) } };
    const session = this.#member.cluster.sessions.get(Buffer.from(attach.secret).toString('hex'));
    if (session?.id !== attach.session)
      return { response: { id, error: problem('SESSION_EXPIRED') } };
    return this.#bind(id, session);
  }

  #bind(id: number, session: StoredSession): Item {
    this.#session = session;
    this.#epoch = ++session.epoch;
    const open = {
      session: session.id,
      timeoutMs: 10_000,
      graceMs: 0,
      epoch: this.#epoch,
      lastSeq: 0,
    };
    return { response: { id, open } };
  }

  #watch(id: number, { path, afterRevision }: wire.WatchRequest): Item[] {
    const { cluster, refusesWatches } = this.#member;
    if (refusesWatches !== undefined) return [{ response: { id, error: problem(refusesWatches) } }];
    this.#watches.set(id, path);
    if (afterRevision === cluster.revision) return [];
    const below = [...cluster.nodes.keys()].filter((each) => each.startsWith(`${path}/`));
    const nodes = below.map((each) => ({ node: cluster.nodeMessage(each) }));
    const marked = afterRevision !== undefined;
    const snapshot = { nodes, revision: cluster.revision, complete: true, marked };
    return [{ watch: { id, response: { snapshot } } }];
  }

  #get(path: string): Partial<wire.GetResponse> {
    const { cluster } = this.#member;
    const node = cluster.nodes.has(path) ? { node: cluster.nodeMessage(path) } : {};
    return { ...node, revision: cluster.revision };
  }

  #write(operation: Operation): Outcome {
    const session = this.#session;
    if (session === undefined) return { error: problem('NO_SESSION') };
    if (this.#epoch !== session.epoch) return { error: problem('MOVED') };
    if (this.#isTurnedAway(operation.seq)) return { error: problem('OVERLOADED') };
    const first = session.results.get(operation.seq);
    if (first !== undefined) return first;
    if (operation.seq !== session.results.size + 1) return { error: problem('SEQ_GAP') };
    const outcome = this.#apply(operation);
    session.results.set(operation.seq, outcome);
    return outcome;
  }

  #isTurnedAway(seq: number): boolean {
    if (this.#blockedAt !== undefined && seq > this.#blockedAt) return true;
    this.#blockedAt = undefined;
    if (this.#member.turnsAway === 0) return false;
    this.#member.turnsAway--;
    this.#blockedAt = seq;
    return true;
  }

  #apply(operation: Operation): Outcome {
    const { set, create, delete: deletion, close, skip } = operation;
    const { cluster } = this.#member;
    if (skip === true || close !== undefined) return { done: cluster.revision };
    const change = set ?? create;
    if (change === undefined && deletion === undefined)
      return applyToRoll(cluster, this.#session!.id, operation);
    if (change === undefined) return { done: cluster.revision };
    const { path, data } = change;
    const revision = cluster.change(path, Buffer.from(data).toString());
    const stat = cluster.stat(path);
    return set === undefined ? { create: { path, stat, revision } } : { set: { stat, revision } };
  }
}

export function problem(code: string, retryAfterMs = 0): wire.ErrorDetail {
  const retryable = code === 'OVERLOADED';
  return { code, retryable, outcome: 0, message: 'as told', retryAfterMs, position: 0 };
}
