/**
 * The slow obvious tree: one map of plain nodes, everything found by looking at all of it, transactions by
 * copying all of it. What it has in common with the real one is only the types.
 */
import type { CommandBody, Envelope, Guard, TreeOperation } from '../../src/types/command.js';

export interface TwinNode {
  data: string;
  owner: number;
  kind: string;
  createRevision: number;
  modifyRevision: number;
  childrenRevision: number;
  version: number;
  createCount: number;
  ordinal: number;
  sequence: number;
  incarnation: number;
  address: string;
}

export interface TwinSession {
  secret: string;
  epoch: number;
  graceMs: number;
  detached: boolean;
  lastSeq: number;
  lastRevision: number;
  acked: number;
  answers: Map<number, string>;
}

export class Twin {
  nodes = new Map<string, TwinNode>();
  sessions = new Map<number, TwinSession>();
  #revision = 0;
  #ordinal = 0;

  constructor() {
    this.nodes.set('/', {
      ...this.#blank(''),
      createRevision: 0,
      modifyRevision: 0,
      childrenRevision: 0,
    });
  }

  /** The type of the outcome, or the code of the refusal. */
  apply(
    envelope: Pick<Envelope, 'session' | 'epoch' | 'seq' | 'ackedSeq'>,
    body: CommandBody,
  ): string {
    this.#revision++;
    this.#ordinal = 0;
    if (envelope.session === 0) return this.#body(body, 0);
    const session = this.sessions.get(envelope.session);
    if (session === undefined) return 'SESSION_EXPIRED';
    if (session.epoch !== envelope.epoch) return 'MOVED';
    session.lastRevision = this.#revision;
    const { seq } = envelope;
    if (seq === 0) return this.#body(body, envelope.session);
    session.acked = Math.max(session.acked, Math.min(envelope.ackedSeq, session.lastSeq + 1));
    if (seq <= session.lastSeq) {
      if (seq < session.acked) return 'RESULT_DROPPED';
      return session.answers.get(seq)!.startsWith(JSON.stringify(plain(body)))
        ? session.answers.get(seq)!.slice(JSON.stringify(plain(body)).length)
        : 'SEQ_REUSED';
    }
    if (seq > session.lastSeq + 1) return 'SEQ_GAP';
    const answer = this.#body(body, envelope.session);
    session.lastSeq = seq;
    session.answers.set(seq, JSON.stringify(plain(body)) + answer);
    return answer;
  }

  childrenOf(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.nodes.keys()]
      .filter((p) => p !== '/' && p.startsWith(prefix) && !p.slice(prefix.length).includes('/'))
      .sort();
  }

  #body(body: CommandBody, session: number): string {
    switch (body.kind) {
      case 'create':
      case 'set':
      case 'delete':
        return this.#operation(body, session);
      case 'transact': {
        if (body.guards.some((guard) => !this.#holds(guard))) return 'GUARD_FAILED';
        const before = structuredClone(this.nodes);
        for (const operation of body.operations) {
          const answer = this.#operation(operation, session);
          if (answer === answer.toUpperCase()) {
            this.nodes = before;
            return answer;
          }
        }
        return 'transacted';
      }
      case 'openSession': {
        const secret = String(body.secretHash);
        for (const known of this.sessions.values()) {
          if (known.secret === secret) return this.#attach(known);
        }
        const { graceMs } = body;
        const fresh = { epoch: 1, detached: false, lastSeq: 0, acked: 0, answers: new Map() };
        this.sessions.set(this.#revision, {
          secret,
          graceMs,
          lastRevision: this.#revision,
          ...fresh,
        });
        return 'attached';
      }
      case 'attachSession': {
        const known = this.sessions.get(body.session);
        if (known === undefined) return 'SESSION_EXPIRED';
        return known.secret === String(body.secretHash) ? this.#attach(known) : 'WRONG_SECRET';
      }
      case 'closeSession':
        if (session === 0) return 'NO_SESSION';
        this.#end(session);
        return 'done';
      case 'detachSession': {
        const known = this.sessions.get(body.session);
        if (known?.epoch === body.epoch && body.term === 1 && known.graceMs > 0)
          known.detached = true;
        return 'done';
      }
      case 'expireSession': {
        const known = this.sessions.get(body.session);
        if (known === undefined || known.epoch !== body.epoch || body.term !== 1) return 'done';
        if (known.lastRevision > body.lastRevision) return 'done';
        if (body.cause === 'grace' && !known.detached) return 'done';
        this.#end(body.session);
        return 'done';
      }
      case 'register':
        return this.#register(body, session);
      case 'deregister': {
        const node = this.nodes.get(`/services/${body.service}/${body.id}`);
        if (node === undefined) return 'NO_NODE';
        if (body.incarnation !== 0 && body.incarnation !== node.incarnation) return 'REPLACED';
        if (node.owner !== 0 && session !== 0 && node.owner !== session) return 'DENIED';
        return this.#operation(
          { kind: 'delete', path: `/services/${body.service}/${body.id}`, version: -1 },
          session,
        );
      }
      default:
        return 'done';
    }
  }

  #operation(op: TreeOperation, session: number): string {
    const node = this.nodes.get(op.path);
    const parentPath = op.path.slice(0, op.path.lastIndexOf('/')) || '/';
    const parent = this.nodes.get(parentPath)!;
    switch (op.kind) {
      case 'create': {
        if (parent === undefined) return 'NO_PARENT';
        const suffix = op.sequential ? String(parent.createCount).padStart(10, '0') : '';
        const path = op.path + suffix;
        if (this.nodes.has(path)) return 'NODE_EXISTS';
        if (parent.owner !== 0) return 'NO_CHILDREN_FOR_EPHEMERALS';
        if (op.nodeKind === 'ephemeral' && session === 0) return 'NO_SESSION';
        this.#add(
          path,
          { kind: op.nodeKind, owner: op.nodeKind === 'ephemeral' ? session : 0 },
          op.data,
        );
        return 'created';
      }
      case 'set':
        if (node === undefined) return 'NO_NODE';
        if (op.version !== -1 && op.version !== node.version) return 'BAD_VERSION';
        Object.assign(node, {
          data: String(op.data),
          version: node.version + 1,
          modifyRevision: this.#revision,
        });
        return 'set';
      case 'delete':
        if (node === undefined) return 'NO_NODE';
        if (op.path === '/') return 'INVALID_ARGUMENT';
        if (op.version !== -1 && op.version !== node.version) return 'BAD_VERSION';
        if (this.childrenOf(op.path).length > 0) return 'NOT_EMPTY';
        this.nodes.delete(op.path);
        parent.childrenRevision = this.#revision;
        return 'deleted';
    }
  }

  #register(body: Extract<CommandBody, { kind: 'register' }>, session: number): string {
    if (!body.isStatic && session === 0) return 'NO_SESSION';
    const path = `/services/${body.service}/${body.id}`;
    const held = this.nodes.get(path);
    const owner = body.isStatic ? 0 : session;
    const kind = body.isStatic ? 'persistent' : 'ephemeral';
    const address = `${body.address}:${body.port}`;
    if (held === undefined) {
      const service = this.nodes.get(`/services/${body.service}`);
      if ((service ?? this.nodes.get('/services'))?.kind === 'ephemeral') {
        return 'NO_CHILDREN_FOR_EPHEMERALS';
      }
      for (const [p, k] of [
        ['/services', 'persistent'],
        [`/services/${body.service}`, 'container'],
      ]) {
        if (!this.nodes.has(p!)) this.#add(p!, { kind: k!, owner: 0 }, new Uint8Array());
      }
      this.#add(path, { kind, owner, incarnation: this.#revision, address }, body.data);
      return 'registered';
    }
    const holder = this.sessions.get(held.owner);
    const isFree = held.owner !== 0 && (held.owner === session || holder?.detached === true);
    if (!isFree && held.address !== address && !body.takeover) return 'ID_IN_USE';
    const claim = { incarnation: this.#revision, address, owner, kind, version: held.version + 1 };
    Object.assign(held, claim, { data: String(body.data), modifyRevision: this.#revision });
    return 'registered';
  }

  #add(path: string, special: Partial<TwinNode>, data: Uint8Array): void {
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf('/')) || '/')!;
    const place = { ordinal: this.#ordinal++, sequence: parent.createCount };
    this.nodes.set(path, { ...this.#blank(String(data)), ...place, ...special });
    parent.createCount++;
    parent.childrenRevision = this.#revision;
  }

  #blank(data: string): TwinNode {
    const at = this.#revision;
    const revisions = { createRevision: at, modifyRevision: at, childrenRevision: at };
    const counts = { version: 0, createCount: 0, ordinal: 0, sequence: 0, incarnation: 0 };
    return { data, owner: 0, kind: 'persistent', address: '', ...revisions, ...counts };
  }

  #attach(session: TwinSession): string {
    session.epoch++;
    session.detached = false;
    session.lastRevision = this.#revision;
    return 'attached';
  }

  #end(id: number): void {
    for (const [path, node] of this.nodes) {
      if (node.owner !== id) continue;
      this.nodes.delete(path);
      this.nodes.get(path.slice(0, path.lastIndexOf('/')) || '/')!.childrenRevision =
        this.#revision;
    }
    this.sessions.delete(id);
  }

  #holds(guard: Guard): boolean {
    const node = this.nodes.get(guard.path);
    const { path: _, exists, ...rest } = guard;
    if (exists !== undefined && exists !== (node !== undefined)) return false;
    return Object.entries(rest).every(([key, value]) => node?.[key as keyof TwinNode] === value);
  }
}

function plain(body: CommandBody): unknown {
  return JSON.parse(JSON.stringify(body));
}
