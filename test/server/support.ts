/** A cluster of one in one process, turn by turn: the real core with a clock that moves when told. */
import { encodeBody } from '../../src/codec/command.js';
import { RAFT_LIMITS_DEFAULT } from '../../src/raft/raft.js';
import { Gate } from '../../src/server/clients/gate.js';
import { Core } from '../../src/server/core.js';
import type { Effects } from '../../src/server/effects.js';
import type { Attachment, Delivery, Request } from '../../src/server/service.js';
import { DEFAULT_TUNING, type Tuning } from '../../src/server/tuning.js';
import { Tree } from '../../src/tree/tree.js';
import type { CommandBody } from '../../src/types/command.js';
import {
  asMemberId,
  asRevision,
  asSessionId,
  NO_INDEX,
  NO_TERM,
  type SessionId,
} from '../../src/types/ids.js';
import { secretHash } from '../tree/driver.js';

export const SELF = asMemberId('1'.repeat(16));
export const OTHER = asMemberId('2'.repeat(16));

export const VOTER = { id: SELF, name: 'r1', peerAddress: 'r1:1' };
export const OTHER_VOTER = { id: OTHER, name: 'r2', peerAddress: 'r2:1' };

export const sid = (n: number) => asSessionId(n);
export const rev = (n: number) => asRevision(n);

/** What one connection was handed, in order. */
export class TestClient {
  readonly deliveries: Delivery[] = [];
  attachment!: Attachment;
  /** What its kernel has not taken. */
  unsent = 0;
  #next = 1;

  sink = {
    deliver: (batch: readonly Delivery[]) => void this.deliveries.push(...batch),
    unsentBytes: () => this.unsent,
  };

  submit(...requests: readonly Request[]): void {
    this.attachment.submit(requests);
  }

  write(body: CommandBody, seq = 0, timeoutMs = 0): number {
    const id = this.#next++;
    const request = { type: 'write', id, timeoutMs, kind: body.kind, seq } as const;
    this.submit({ ...request, body: encodeBody(body) });
    return id;
  }

  read(path: string, options: { linearizable?: boolean; floor?: number } = {}): number {
    const id = this.#next++;
    const consistency = options.linearizable === true ? 'linearizable' : 'session';
    const floor = rev(options.floor ?? 0);
    const query = { type: 'get', path } as const;
    this.submit({ type: 'read', id, timeoutMs: 0, query, consistency, floor });
    return id;
  }

  open(secret: number, graceMs = 0): number {
    const id = this.#next++;
    const request = { type: 'openSession', id, timeoutMs: 0, graceMs, label: '' } as const;
    this.submit({ ...request, secretHash: secretHash(secret), timeoutMsWanted: 2_000 });
    return id;
  }

  attachSession(session: SessionId, secret: number): number {
    const id = this.#next++;
    const hash = secretHash(secret);
    this.submit({ type: 'attachSession', id, timeoutMs: 0, session, secretHash: hash });
    return id;
  }

  watch(path: string, start: 'now' | 'snapshot' | number = 'now', watch = 1): number {
    const id = this.#next++;
    const from = typeof start === 'number' ? rev(start) : start;
    const request = { type: 'watch', id, timeoutMs: 0, watch, path } as const;
    this.submit({ ...request, scope: 'children', start: from });
    return id;
  }

  /** Everything since the last call, in short. */
  take(): string[] {
    return this.deliveries.splice(0).map(shortly);
  }
}

export function shortly(delivery: Delivery): string {
  switch (delivery.type) {
    case 'outcome': {
      const { id, outcome } = delivery;
      return `${id} ${outcome.type === 'refused' ? outcome.code : outcome.type}`;
    }
    case 'failure':
      return `${delivery.id} ${delivery.code}`;
    case 'answer': {
      const { answer } = delivery;
      const isThere = answer.type === 'node' && answer.node !== undefined;
      return `${delivery.id} ${isThere ? 'there' : 'absent'}`;
    }
    case 'events':
      return delivery.batch.events.map(({ type, path }) => `${type} ${path}`).join(', ');
    case 'snapshot': {
      const { nodes, complete, marked } = delivery;
      const kind = `${marked ? 'marked ' : ''}${complete ? 'complete' : 'partial'}`;
      return `${kind} [${nodes.map(({ path }) => path).join(' ')}]`;
    }
    case 'touched':
      return `touched ${delivery.number}`;
    case 'sessionEnded':
      return `sessionEnded ${delivery.cause}`;
    default:
      return delivery.type;
  }
}

export class Solo {
  nowMs = 1_000;
  readonly core: Core;
  readonly ended: string[] = [];
  /** Off: nothing becomes durable, so nothing commits. */
  isPersisting = true;
  #unpersisted: number[] = [];

  constructor(tuning: Partial<Tuning> = {}, voters = [VOTER]) {
    const all = { ...DEFAULT_TUNING, ...tuning };
    const { historyEventsMax, historyBytesMax } = all;
    const appliedAt = { term: NO_TERM, configuration: { voters, learners: [] }, time: 0 };
    const { heartbeatTicks, electionTicksMin, electionTicksMax } = all;
    const hardState = { term: NO_TERM, votedFor: undefined, commitIndex: NO_INDEX };
    const snapshot = { index: NO_INDEX, ...appliedAt };
    this.core = new Core({
      self: SELF,
      boot: 1,
      raft: {
        self: SELF,
        random: { below: () => 0 },
        heartbeatTicks,
        electionTicksMin,
        electionTicksMax,
        limits: RAFT_LIMITS_DEFAULT,
        initial: { hardState, snapshot, runs: [], appliedIndex: NO_INDEX },
      },
      tree: new Tree({ historyEventsMax, historyBytesMax }),
      appliedAt,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_790_000_000_000 + this.nowMs },
      tuning: all,
      describeSelf: () => ({
        id: SELF,
        name: 'r1',
        pid: 1,
        version: 'test',
        peerAddress: 'r1:1',
        clientAddress: 'r1:2',
        httpAddress: 'r1:3',
      }),
      sessionEnded: (cause) => void this.ended.push(cause),
      pushed: () => {},
      wake: () => {},
    });
  }

  /** Elected, and open for changes. */
  static led(tuning: Partial<Tuning> = {}): Solo {
    const solo = new Solo(tuning);
    solo.pass(2_000);
    return solo;
  }

  connect(options: { ordered?: boolean } = {}): TestClient {
    const client = new TestClient();
    const ordered = options.ordered ?? true;
    client.attachment = this.core.attach({ identities: [], ordered }, client.sink);
    return client;
  }

  /** Settles until nothing is left to do. */
  turn(): Effects {
    let effects = this.core.settle();
    for (let i = 0; i < 10; i++) {
      this.#unpersisted.push(...effects.persists.map(({ token }) => token));
      const tokens = this.isPersisting ? this.#unpersisted.splice(0) : [];
      for (const token of tokens) this.core.persisted(token);
      effects = this.core.settle();
    }
    return effects;
  }

  pass(ms: number, stepMs = 15): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.nowMs += Math.min(stepMs, left);
      this.core.tick();
      this.turn();
    }
  }

  /** A connection that speaks for a new session. */
  connectSession(secret: number, graceMs = 0): TestClient & { session: SessionId } {
    const client = this.connect();
    client.open(secret, graceMs);
    this.turn();
    const outcome = client.deliveries.find((delivery) => delivery.type === 'outcome');
    if (outcome?.type !== 'outcome' || outcome.outcome.type !== 'attached')
      throw new Error('no session');
    client.take();
    return Object.assign(client, { session: outcome.outcome.session });
  }
}

/** A gate alone, and what it asks of its host. */
export function loneGate(ordered = true) {
  const client = new TestClient();
  const handled: Request[] = [];
  let dirty = 0;
  const host = {
    handle: (_: Gate, request: Request) => void handled.push(request),
    markDirty: () => void dirty++,
    closed: () => {},
  };
  const gate = new Gate({ identities: [], ordered }, client.sink, host);
  client.attachment = gate;
  return { gate, client, handled, dirtyCount: () => dirty };
}
