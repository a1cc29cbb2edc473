/**
 * A client in virtual time, over the service interface that faces use. It opens a session, sends changes
 * with seqs, reads, touches and watches, moves to another member when one falls silent, sends what is open
 * again under the same seqs, and writes down what it was promised. The checkers hold the cluster to that.
 */
import { encodeBody } from '../../src/codec/command.js';
import type { Attachment, Delivery } from '../../src/server/service.js';
import type { CommandBody } from '../../src/types/command.js';
import type { SessionId } from '../../src/types/ids.js';
import { asRevision } from '../../src/types/ids.js';
import type { Outcome } from '../../src/types/outcome.js';
import { childPath } from '../../src/types/path.js';
import type { SimMember } from './sim-member.js';
import type { World } from './world.js';

/** A change, and what is known of its fate. */
export interface Written {
  readonly seq: number;
  readonly mark: string;
  readonly body: CommandBody;
  outcome: Outcome | undefined;
  revision: number;
}

export interface Truth {
  /** Revision of the latest acknowledged change anywhere: later reads must not see less. */
  acknowledged: number;
  problem(text: string): void;
}

export interface SimClientOptions {
  readonly name: string;
  readonly world: World;
  readonly members: readonly SimMember[];
  readonly truth: Truth;
  readonly timeoutMs: number;
  readonly graceMs: number;
}

const SILENCE_MS = 700;
const WATCHED = '/log';

export class SimClient {
  readonly name: string;
  readonly written: Written[] = [];
  readonly ephemerals = new Set<string>();
  session: SessionId | undefined;
  /** Send time of the last acknowledged touch: the session must live for its timeout from here. */
  aliveFromMs = 0;
  /** Its session ended and it was told, or closed it. */
  isOver = false;
  readonly #options: SimClientOptions;
  readonly #secretHash: Uint8Array;
  #attachment: Attachment | undefined;
  #life = 0;
  #heardAtMs = 0;
  #isAttached = false;
  #touchSent = new Map<number, number>();
  #touches = 0;
  #reads = new Map<number, number>();
  #nextId = 1;
  #ids = new Map<number, Written | 'attach' | 'read' | 'watch'>();
  /** Children of the watched node as this client was told, and up to where. */
  readonly seen = new Set<string>();
  #partial = new Set<string>();
  seenRevision = 0;
  #isWatching = false;

  constructor(options: SimClientOptions) {
    this.name = options.name;
    this.#options = options;
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++) bytes[i] = options.world.random.below(256);
    this.#secretHash = bytes;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Acts every few milliseconds until stopped. */
  start(): () => void {
    const { world } = this.#options;
    return world.every(20 + world.random.below(30), () => this.#act());
  }

  /** After healing: nothing may stay open. */
  get open(): readonly Written[] {
    return this.written.filter(({ outcome }) => outcome === undefined);
  }

  #act(): void {
    if (this.isOver) return;
    const { world } = this.#options;
    const isSilent = world.monotonicMs() - this.#heardAtMs > SILENCE_MS;
    if (this.#attachment === undefined || isSilent) return this.#connect();
    if (!this.#isAttached) return;
    const chance = world.random.below(10);
    if (chance < 3) this.#touch();
    else if (chance < 6) this.#write();
    else if (chance < 8) this.#read();
  }

  #connect(): void {
    const { world, members } = this.#options;
    this.#leave();
    const up = members.filter(({ isUp }) => isUp);
    if (up.length === 0) return;
    const life = ++this.#life;
    this.#heardAtMs = world.monotonicMs();
    this.#isAttached = false;
    this.#isWatching = false;
    this.#ids.clear();
    this.#touchSent.clear();
    const sink = {
      deliver: (batch: readonly Delivery[]) =>
        world.schedule(0, () => {
          if (life === this.#life) for (const delivery of batch) this.#take(delivery);
        }),
      unsentBytes: () => 0,
    };
    const member = world.random.pick(up).member!;
    this.#attachment = member.attach({ identities: [], ordered: true }, sink);
    const { session } = this;
    const base = { id: this.#id('attach'), timeoutMs: 5_000, secretHash: this.#secretHash };
    const { timeoutMs, graceMs } = this.#options;
    if (session !== undefined)
      this.#attachment.submit([{ ...base, type: 'attachSession', session }]);
    else
      this.#attachment.submit([
        { ...base, type: 'openSession', timeoutMsWanted: timeoutMs, graceMs },
      ]);
  }

  #leave(): void {
    const { world } = this.#options;
    const attachment = this.#attachment;
    this.#attachment = undefined;
    this.#life++;
    // Half the connections just vanish, as behind a dead machine.
    if (attachment !== undefined && world.random.below(2) === 0) attachment.close('local');
  }

  #id(what: Written | 'attach' | 'read' | 'watch'): number {
    const id = this.#nextId++;
    this.#ids.set(id, what);
    return id;
  }

  #touch(): void {
    const number = ++this.#touches;
    this.#touchSent.set(number, this.#options.world.monotonicMs());
    this.#attachment!.submit([{ type: 'touch', number }]);
  }

  #write(): void {
    const seq = this.written.length + 1;
    if (this.open.length > 20) return;
    const mark = `${this.name}:${seq}`;
    const isEphemeral = this.#options.world.random.below(4) === 0;
    const body: CommandBody = {
      kind: 'create',
      path: childPath(isEphemeral ? '/eph' : WATCHED, 'n-'),
      data: new TextEncoder().encode(mark),
      nodeKind: isEphemeral ? 'ephemeral' : 'persistent',
      sequential: true,
      ttlMs: 0,
      acl: [],
    };
    const written: Written = { seq, mark, body, outcome: undefined, revision: 0 };
    this.written.push(written);
    this.#send(written);
  }

  #send(written: Written): void {
    const { kind } = written.body;
    const body = encodeBody(written.body);
    const base = { type: 'write', timeoutMs: 3_000, kind, body } as const;
    this.#attachment!.submit([{ ...base, id: this.#id(written), seq: written.seq }]);
  }

  #read(): void {
    const id = this.#id('read');
    const isLinearizable = this.#options.world.random.below(2) === 0;
    const floor = isLinearizable ? this.#options.truth.acknowledged : this.seenRevision;
    this.#reads.set(id, floor);
    this.#attachment!.submit([
      {
        type: 'read',
        id,
        timeoutMs: 2_000,
        query: { type: 'get', path: WATCHED },
        consistency: isLinearizable ? 'linearizable' : 'session',
        floor: asRevision(isLinearizable ? 0 : floor),
      },
    ]);
  }

  #watch(): void {
    this.#isWatching = true;
    const start = this.seenRevision === 0 ? 'snapshot' : asRevision(this.seenRevision);
    const id = this.#id('watch');
    this.#attachment!.submit([
      { type: 'watch', id, timeoutMs: 5_000, watch: 1, path: WATCHED, scope: 'children', start },
    ]);
  }

  #take(delivery: Delivery): void {
    this.#heardAtMs = this.#options.world.monotonicMs();
    switch (delivery.type) {
      case 'outcome':
        return this.#outcome(delivery.id, delivery.outcome, delivery.revision);
      case 'failure':
        return this.#failed(delivery.id);
      case 'answer':
        return this.#answered(delivery.id, delivery.revision);
      case 'touched':
        return this.#touched(delivery.number);
      case 'events':
        this.#advance(delivery.batch.revision);
        for (const { type, path } of delivery.batch.events) if (type === 'created') this.#saw(path);
        return;
      case 'snapshot':
        return this.#snapshot(delivery);
      case 'sessionEnded':
        if (delivery.cause === 'moved') this.#attachment = undefined;
        else this.isOver = true;
        return;
      default:
        return;
    }
  }

  #outcome(id: number, outcome: Outcome, revision: number): void {
    const what = this.#ids.get(id);
    this.#ids.delete(id);
    if (what === 'attach') return this.#attached(outcome);
    if (what === undefined || typeof what === 'string') return;
    if (outcome.type === 'refused') return this.#refused(what, outcome.code);
    if (what.outcome !== undefined && what.revision !== revision)
      this.#options.truth.problem(`${what.mark} was answered twice: ${what.revision}, ${revision}`);
    what.outcome = outcome;
    what.revision = revision;
    const { truth } = this.#options;
    truth.acknowledged = Math.max(truth.acknowledged, revision);
    if (outcome.type === 'created' && what.body.kind === 'create')
      if (what.body.nodeKind === 'ephemeral') this.ephemerals.add(outcome.path);
  }

  #refused(written: Written, code: string): void {
    if (code === 'MOVED') this.#attachment = undefined;
    else if (code === 'SESSION_EXPIRED') this.isOver = true;
    else if (code !== 'SEQ_GAP' && code !== 'NO_PARENT')
      this.#options.truth.problem(`${written.mark} was refused: ${code}`);
  }

  #attached(outcome: Outcome): void {
    if (outcome.type === 'refused') {
      this.isOver = true;
      return;
    }
    if (outcome.type !== 'attached') return;
    this.session = outcome.session;
    this.#isAttached = true;
    for (const written of this.open) this.#send(written);
    if (!this.#isWatching) this.#watch();
  }

  #failed(id: number): void {
    const what = this.#ids.get(id);
    this.#ids.delete(id);
    this.#reads.delete(id);
    if (what === 'attach' || (what !== undefined && typeof what !== 'string'))
      this.#attachment = undefined;
  }

  #answered(id: number, revision: number): void {
    const floor = this.#reads.get(id);
    this.#reads.delete(id);
    if (floor !== undefined && revision < floor)
      this.#options.truth.problem(`${this.name} read at ${revision}, behind ${floor}`);
  }

  #touched(number: number): void {
    const sentMs = this.#touchSent.get(number);
    if (sentMs !== undefined) this.aliveFromMs = Math.max(this.aliveFromMs, sentMs);
  }

  #advance(revision: number): void {
    if (revision <= this.seenRevision)
      this.#options.truth.problem(
        `${this.name} saw events of ${revision} after ${this.seenRevision}`,
      );
    this.seenRevision = revision;
  }

  #saw(path: string): void {
    if (this.seen.has(path)) this.#options.truth.problem(`${this.name} saw ${path} created twice`);
    this.seen.add(path);
  }

  #snapshot(delivery: Delivery & { type: 'snapshot' }): void {
    for (const { path } of delivery.nodes) this.#partial.add(path);
    if (!delivery.complete) return;
    if (delivery.revision < this.seenRevision)
      this.#options.truth.problem(
        `${this.name} was shown ${delivery.revision} after ${this.seenRevision}`,
      );
    this.seen.clear();
    for (const path of this.#partial) this.seen.add(path);
    this.#partial = new Set();
    this.seenRevision = delivery.revision;
  }
}
