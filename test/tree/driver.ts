/**
 * Drives a tree as a log would: every command goes through the codec, every entry gets the next revision.
 */
import { decodeCommand, encodeBody, encodeCommand } from '../../src/codec/command.js';
import { ByteWriter } from '../../src/codec/cursor.js';
import { encodeInstance } from '../../src/codec/instance.js';
import { type ApplyResult, Tree } from '../../src/tree/tree.js';
import type { Command, CommandBody, Create, Register, Transact } from '../../src/types/command.js';
import {
  asMemberId,
  asRevision,
  asSessionId,
  asTerm,
  type Revision,
  type SessionId,
} from '../../src/types/ids.js';
import type { InstanceSpec } from '../../src/types/instance.js';
import type { AclEntry, QuotaLimits } from '../../src/types/node.js';
import type { Outcome } from '../../src/types/outcome.js';

export const MEMBER = asMemberId('00000000000000aa');
export const START = 1_790_000_000_000;

export interface Asking {
  readonly session?: number;
  readonly epoch?: number;
  readonly seq?: number;
  readonly ackedSeq?: number;
  readonly boot?: number;
  readonly number?: number;
  readonly member?: string;
  readonly identities?: readonly string[];
}

export function entryBytes(body: CommandBody, asking: Asking = {}): Uint8Array {
  const writer = new ByteWriter();
  const origin = {
    member: asking.member === undefined ? MEMBER : asMemberId(asking.member),
    boot: asking.boot ?? 1,
    number: asking.number ?? 0,
  };
  const envelope = {
    kind: body.kind,
    origin,
    session: asSessionId(asking.session ?? 0),
    epoch: asking.epoch ?? 0,
    seq: asking.seq ?? 0,
    ackedSeq: asking.ackedSeq ?? 0,
    identities: asking.identities ?? [],
  };
  encodeCommand(envelope, encodeBody(body), writer);
  return writer.finish().slice();
}

export function commandOf(body: CommandBody, asking: Asking = {}): Command {
  const command = decodeCommand(entryBytes(body, asking));
  if (command === undefined) throw new Error(`not a valid command: ${JSON.stringify(body)}`);
  return command;
}

export class Driver {
  tree: Tree;
  term = 1;
  time = START;
  /** Check every invariant after every entry. */
  isChecking = true;

  constructor(tree = new Tree()) {
    this.tree = tree;
  }

  apply(body: CommandBody, asking: Asking = {}): ApplyResult {
    const revision = asRevision(this.tree.revision + 1);
    this.time += 1000;
    const context = { revision, term: asTerm(this.term), time: this.time };
    const result = this.tree.apply(commandOf(body, asking), context);
    if (this.isChecking) this.tree.checkTree();
    return result;
  }

  /** Just what it answers. */
  ask(body: CommandBody, asking: Asking = {}): Outcome {
    const { applied } = this.apply(body, asking);
    if (applied === undefined) throw new Error('skipped');
    return applied.outcome;
  }

  /** What a table wants to see: the type, or the refusal's code. */
  answer(body: CommandBody, asking: Asking = {}): string {
    const outcome = this.ask(body, asking);
    return outcome.type === 'refused' ? outcome.code : outcome.type;
  }

  open(options: OpenOptions = {}): SessionId {
    const outcome = this.ask(openBody(options));
    if (outcome.type !== 'attached') throw new Error('no session');
    return outcome.session;
  }

  /** Of a session's nodes. */
  paths(session: SessionId): string[] {
    return this.tree.ephemeralsPage(session, { after: '', limit: 1000 }).paths;
  }

  names(path: string): string[] {
    const page = this.tree.children(path, { limit: 1e6, bytesMax: 1e9, withData: false });
    return (page?.nodes ?? []).map((node) => node.path.slice(node.path.lastIndexOf('/') + 1));
  }
}

let secrets = 0;

export function secretHash(secret: number): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, secret);
  return hash;
}

export interface OpenOptions {
  readonly secret?: number;
  readonly timeoutMs?: number;
  readonly graceMs?: number;
  readonly label?: string;
}

export function openBody(options: OpenOptions = {}) {
  return {
    kind: 'openSession',
    secretHash: secretHash(options.secret ?? 1_000_000 + ++secrets),
    timeoutMs: options.timeoutMs ?? 10_000,
    graceMs: options.graceMs ?? 0,
    label: options.label ?? '',
  } as const;
}

const encoder = new TextEncoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);

export function create(path: string, options: Partial<Create> = {}): Create {
  return {
    kind: 'create',
    path,
    data: new Uint8Array(0),
    nodeKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    acl: [],
    ...options,
  };
}

/** Transactions that make a path of so many nodes, and one that makes `count` nodes at its end. */
export function farDown(depth: number, count: number): readonly Transact[] {
  const way = Array.from({ length: depth }, (_, i) => create('/a'.repeat(i + 1)));
  const ends = Array.from({ length: count }, (_, i) => create(`${'/a'.repeat(depth)}/${i}`));
  const all: Transact[] = [];
  for (const operations of [way.slice(0, 1_000), way.slice(1_000), ends])
    all.push({ kind: 'transact', guards: [], operations });
  return all;
}

export const set = (path: string, data = '', version = -1) =>
  ({ kind: 'set', path, data: bytes(data), version }) as const;

export const setAcl = (path: string, acl: readonly AclEntry[], version = -1) =>
  ({ kind: 'setAcl', path, acl, version }) as const;

export const setQuota = (path: string, limits: Partial<QuotaLimits>) =>
  ({
    kind: 'setQuota',
    path,
    limits: { nodes: 0, bytes: 0, ...limits },
    who: 'ann',
    why: 'space',
  }) as const;

/** An instance, and nobody in particular. */
export const A = { service: 'web', id: 'a', who: '', why: '' } as const;

export const remove = (path: string, version = -1) => ({ kind: 'delete', path, version }) as const;

export function spec(
  service: string,
  id: string,
  options: Partial<InstanceSpec> = {},
): InstanceSpec {
  return {
    service,
    id,
    address: '10.0.0.1',
    port: 8080,
    ports: {},
    protocol: 'http',
    basePath: '',
    weight: 100,
    zone: '',
    tags: {},
    state: 'UP',
    registeredAt: START,
    ...options,
  };
}

export function register(
  service: string,
  id: string,
  options: Partial<Register> & { address?: string; port?: number } = {},
): Register {
  const address = options.address ?? '10.0.0.1';
  const port = options.port ?? 8080;
  return {
    kind: 'register',
    service,
    id,
    address,
    port,
    data: encodeInstance(spec(service, id, { address, port })),
    isStatic: false,
    takeover: false,
    ...options,
  };
}

export const rev = (n: number): Revision => asRevision(n);
export const sid = (n: number): SessionId => asSessionId(n);
