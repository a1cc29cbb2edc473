/**
 * The slow obvious tree: one map of plain nodes, everything found by looking at all of it, transactions by
 * copying all of it. What it has in common with the real one is only the types.
 */
import type { CommandBody, Envelope, TreeOperation } from '../../src/types/command.js';
import {
  holds,
  isOver,
  lengthOf,
  plain,
  type TwinDeparture,
  type TwinNode,
  type TwinSession,
} from './twin-parts.js';

export class Twin {
  nodes = new Map<string, TwinNode>();
  sessions = new Map<number, TwinSession>();
  quotas = new Map<string, { nodes: number; bytes: number }>();
  overrides = new Map<string, { action: string; who: string; until: number; revision: number }>();
  departures: TwinDeparture[] = [];
  /** Revision, action and subject. */
  audit: [number, string, string][] = [];
  #revision = 0;
  #ordinal = 0;
  #identities: readonly string[] = [];

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
    envelope: Pick<Envelope, 'session' | 'epoch' | 'seq' | 'ackedSeq' | 'identities'>,
    body: CommandBody,
  ): string {
    this.#revision++;
    this.#ordinal = 0;
    this.#identities = envelope.identities;
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
        for (const guard of body.guards) {
          const node = this.nodes.get(guard.path);
          if (node !== undefined && !this.#may(node, 1)) return 'DENIED';
          if (!holds(guard, node)) return 'GUARD_FAILED';
        }
        const before = structuredClone(this.nodes);
        const left = this.departures.length;
        for (const operation of body.operations) {
          const answer = this.#operation(operation, session);
          if (answer === answer.toUpperCase()) {
            this.nodes = before;
            this.departures.length = left;
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
        this.#end(session, 'closed');
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
        this.#end(body.session, body.cause === 'grace' ? 'disconnected' : 'expired');
        return 'done';
      }
      case 'register':
        return this.#register(body, session);
      case 'deregister': {
        const node = this.nodes.get(`/services/${body.service}/${body.id}`);
        if (node === undefined) return 'NO_NODE';
        if (body.incarnation !== 0 && body.incarnation !== node.incarnation) return 'REPLACED';
        const isOwn = node.owner !== 0 && node.owner === session;
        const isFree = node.owner === 0 || session === 0 || body.who !== '';
        const parent = this.nodes.get(`/services/${body.service}`)!;
        if (!isOwn && !(isFree && this.#may(parent, 8))) return 'DENIED';
        const path = `/services/${body.service}/${body.id}`;
        if (this.childrenOf(path).length > 0) return 'NOT_EMPTY';
        if (body.who !== '') this.#act('deregister', `${body.service}/${body.id}`);
        this.#remove(path, isOwn && body.who === '' ? 'closed' : 'deregistered', body.who);
        return 'deleted';
      }
      case 'deleteTree': {
        const within = [...this.nodes.keys()].filter(
          (p) => p === body.path || p.startsWith(`${body.path}/`),
        );
        if (within.length === 0) return 'NO_NODE';
        if (within.some((p) => !this.#may(this.#parentOf(p), 8))) return 'DENIED';
        // Of all orders only that of what is remembered shows.
        const reversed = within.sort((x, y) =>
          x.split('/').join('\0') < y.split('/').join('\0') ? 1 : -1,
        );
        for (const p of reversed) this.#remove(p, 'deregistered');
        return 'removed';
      }
      case 'setAcl': {
        const node = this.nodes.get(body.path);
        if (node === undefined) return 'NO_NODE';
        if (!this.#may(node, 16)) return 'DENIED';
        if (body.version !== -1 && body.version !== node.aclVersion) return 'BAD_VERSION';
        node.acl = body.acl;
        node.aclVersion++;
        return 'set';
      }
      case 'setQuota': {
        const isLifted = body.limits.nodes === 0 && body.limits.bytes === 0;
        if (isLifted && !this.quotas.delete(body.path)) return 'done';
        if (!isLifted) this.quotas.set(body.path, body.limits);
        this.#act('quota', body.path);
        return 'done';
      }
      case 'reap': {
        const node = this.nodes.get(body.path);
        if (node?.createRevision !== body.createRevision) return 'done';
        if (node.modifyRevision !== body.modifyRevision) return 'done';
        if (node.createCount !== body.createCount) return 'done';
        if (this.childrenOf(body.path).length > 0) return 'done';
        const isService = body.path.startsWith('/services/') && body.path.split('/').length === 3;
        if (node.kind !== 'container') return 'done';
        if (node.createCount === 0 && !(isService && node.version > 0)) return 'done';
        if (isService && node.data !== '') return 'done';
        this.#remove(body.path, 'expired');
        return 'deleted';
      }
      case 'revokeSession':
        if (!this.sessions.has(body.session)) return 'SESSION_EXPIRED';
        this.#act('revoke', `${body.session}`);
        this.#end(body.session, 'revoked', body.who);
        return 'removed';
      case 'setOverride': {
        const key = `${body.service}/${body.id}`;
        const { action, who, until } = body;
        const above = this.nodes.get(`/services/${body.service}`);
        const needed = action === 'deregister' ? 8 : 2;
        if (above !== undefined && !this.#may(above, needed)) return 'DENIED';
        if (action === 'lift' && !this.overrides.delete(key)) return 'done';
        if (action !== 'lift')
          this.overrides.set(key, { action, who, until, revision: this.#revision });
        this.#act(action === 'lift' ? 'undrain' : action, key);
        const path = `/services/${key}`;
        const isTakenOff = action === 'deregister' && this.nodes.has(path);
        if (isTakenOff && this.childrenOf(path).length === 0)
          this.#remove(path, 'deregistered', who);
        return 'done';
      }
      case 'expireOverride': {
        const key = `${body.service}/${body.id}`;
        if (this.overrides.get(key)?.revision !== body.revision) return 'done';
        this.overrides.delete(key);
        this.#act('overrideExpired', key);
        return 'done';
      }
      case 'setSettings':
        return this.#settings(body);
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
        if (!this.#may(parent, 4)) return 'DENIED';
        const suffix = op.sequential ? String(parent.createCount).padStart(10, '0') : '';
        const path = op.path + suffix;
        if (this.nodes.has(path)) return 'NODE_EXISTS';
        if (parent.owner !== 0) return 'NO_CHILDREN_FOR_EPHEMERALS';
        if (op.nodeKind === 'ephemeral' && session === 0) return 'NO_SESSION';
        if (this.#isOver([path], op.data.length)) return 'QUOTA_EXCEEDED';
        const owner = op.nodeKind === 'ephemeral' ? session : 0;
        this.#add(path, { kind: op.nodeKind, owner, acl: op.acl }, op.data);
        return 'created';
      }
      case 'set':
        if (node === undefined) return 'NO_NODE';
        if (!this.#may(node, 2)) return 'DENIED';
        if (op.version !== -1 && op.version !== node.version) return 'BAD_VERSION';
        if (this.#isOver([], op.data.length - lengthOf(node.data), op.path)) {
          return 'QUOTA_EXCEEDED';
        }
        Object.assign(node, {
          address: '',
          data: String(op.data),
          version: node.version + 1,
          modifyRevision: this.#revision,
        });
        return 'set';
      case 'delete':
        if (node === undefined) return 'NO_NODE';
        if (op.path === '/') return 'INVALID_ARGUMENT';
        if (!this.#may(parent, 8)) return 'DENIED';
        if (op.version !== -1 && op.version !== node.version) return 'BAD_VERSION';
        if (this.childrenOf(op.path).length > 0) return 'NOT_EMPTY';
        this.#remove(op.path, 'deregistered');
        return 'deleted';
    }
  }

  #register(body: Extract<CommandBody, { kind: 'register' }>, session: number): string {
    if (!body.isStatic && session === 0) return 'NO_SESSION';
    const path = `/services/${body.service}/${body.id}`;
    if (this.overrides.get(`${body.service}/${body.id}`)?.action === 'deregister') return 'DENIED';
    const held = this.nodes.get(path);
    const owner = body.isStatic ? 0 : session;
    const kind = body.isStatic ? 'persistent' : 'ephemeral';
    const address = `${body.address}:${body.port}`;
    if (held === undefined) {
      const problem = this.#make(body.service, path, body.data.length);
      if (problem !== undefined) return problem;
      this.#add(path, { kind, owner, incarnation: this.#revision, address }, body.data);
      return 'registered';
    }
    const holder = this.sessions.get(held.owner);
    const isOwn = held.owner !== 0 && held.owner === session;
    if (!isOwn && !this.#may(held, 2)) return 'DENIED';
    if (held.kind === 'container' || held.kind === 'ttl') return 'NODE_EXISTS';
    if (this.childrenOf(path).length > 0) return 'NOT_EMPTY';
    const isFree = held.owner !== 0 && (held.owner === session || holder?.detached === true);
    if (!isFree && held.address !== address && !body.takeover) return 'ID_IN_USE';
    if (this.#isOver([], body.data.length - lengthOf(held.data), path)) return 'QUOTA_EXCEEDED';
    if (held.owner !== owner) this.#depart(path, held, 'replaced', address);
    const claim = { incarnation: this.#revision, address, owner, kind, version: held.version + 1 };
    Object.assign(held, claim, { data: String(body.data), modifyRevision: this.#revision });
    return 'registered';
  }

  #settings(body: Extract<CommandBody, { kind: 'setSettings' }>): string {
    const path = `/services/${body.service}`;
    const node = this.nodes.get(path);
    if (node === undefined) {
      if (body.version > 0) return 'BAD_VERSION';
      const problem = this.#make(body.service, path, body.data.length);
      if (problem !== undefined) return problem;
      this.nodes.get(path)!.data = String(body.data);
      this.#act('settings', body.service);
      return 'set';
    }
    const answer = this.#operation(
      { kind: 'set', path, data: body.data, version: body.version },
      0,
    );
    if (answer === 'set') this.#act('settings', body.service);
    return answer;
  }

  /** The nodes above (and, for settings, at) `last`; or why not. */
  #make(service: string, last: string, bytes: number): string | undefined {
    const paths = ['/services', `/services/${service}`];
    const missing = [...new Set([...paths, last])].filter((path) => !this.nodes.has(path));
    const nearest = this.#parentOf(missing[0]!);
    if (nearest.kind === 'ephemeral') return 'NO_CHILDREN_FOR_EPHEMERALS';
    if (!this.#may(nearest, 4)) return 'DENIED';
    if (this.#isOver(missing, bytes)) return 'QUOTA_EXCEEDED';
    for (const path of paths) {
      const kind = path === '/services' ? 'persistent' : 'container';
      if (!this.nodes.has(path)) this.#add(path, { kind, owner: 0 }, new Uint8Array());
    }
    return undefined;
  }

  #isOver(paths: readonly string[], bytes: number, at = paths.at(-1)!): boolean {
    return isOver(this.nodes, this.quotas, { paths, bytes, at });
  }

  #may(node: TwinNode, permission: number): boolean {
    if (node.acl.length === 0) return true;
    return node.acl.some(
      ({ scheme, id, permissions }) =>
        (permissions & permission) !== 0 &&
        (scheme === 'world' || this.#identities.includes(`${scheme}:${id}`)),
    );
  }

  #parentOf(path: string): TwinNode {
    return this.nodes.get(path.slice(0, path.lastIndexOf('/')) || '/')!;
  }

  #remove(path: string, reason: string, who = ''): void {
    const node = this.nodes.get(path)!;
    this.nodes.delete(path);
    this.#parentOf(path).childrenRevision = this.#revision;
    this.#depart(path, node, reason, who);
  }

  #depart(path: string, node: TwinNode, reason: string, who: string): void {
    const [, root, service, id, ...rest] = path.split('/');
    if (root !== 'services' || service === undefined || id === undefined || rest.length > 0) return;
    const { address, owner } = node;
    const left = { address, session: owner, revision: this.#revision };
    this.departures.push({ service, id, reason, who, ...left });
  }

  #act(action: string, subject: string): void {
    this.audit.push([this.#revision, action, subject]);
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
    const open = { acl: [], aclVersion: 0 };
    return { data, owner: 0, kind: 'persistent', address: '', ...open, ...revisions, ...counts };
  }

  #attach(session: TwinSession): string {
    session.epoch++;
    session.detached = false;
    session.lastRevision = this.#revision;
    return 'attached';
  }

  #end(id: number, reason: string, who = ''): void {
    const owned = [...this.nodes].filter(([, node]) => node.owner === id).map(([path]) => path);
    const inWalk = (path: string) => path.split('/').join('\0');
    owned.sort((a, b) => (inWalk(a) < inWalk(b) ? -1 : 1));
    for (const path of owned) this.#remove(path, reason, who);
    this.sessions.delete(id);
  }
}
