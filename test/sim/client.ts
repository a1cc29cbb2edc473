/**
 * A client in virtual time, over the service interface that faces use. It opens a session, sends changes
 * with seqs, registers, reads, touches and watches, moves to another member when one falls silent, sends what
 * is open again under the same seqs, and writes down what it was promised. The checks hold the cluster to that.
 */
import { encodeBody } from '../../src/codec/command.js';
import type { Delivery, Request } from '../../src/server/service.js';
import type { CommandBody } from '../../src/types/command.js';
import type { SessionId } from '../../src/types/ids.js';
import { asRevision } from '../../src/types/ids.js';
import type { Outcome } from '../../src/types/outcome.js';
import { Changes, type Claim } from './changes.js';
import type { Connection, SimMember } from './sim-member.js';
import { View } from './view.js';
import type { World } from './world.js';

/** A change, and what is known of its fate. */
export interface Written {
  readonly seq: number;
  readonly mark: string;
  readonly body: CommandBody;
  readonly sentAtMs: number;
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
  /** It touches no more than it must, and seldom does anything else. */
  readonly isQuiet: boolean;
  /** It does not always read what it is sent. */
  readonly isSlow: boolean;
  /** Where its instance says it listens: a server that starts again has the same one. */
  readonly port: number;
}

/** What a read must see: at least this revision, and of its own node exactly this. */
interface Expected {
  readonly floor: number;
  readonly own: string | undefined;
}

type Asked = Written | Expected | 'attach' | 'watch';

const SILENCE_MS = 700;
/** Until a member notices that a client vanished. */
const VANISHED_MS = 2_000;
export const LOG = '/log';
export const WEB = '/services/web';

export class SimClient {
  readonly name: string;
  readonly options: SimClientOptions;
  readonly written: Written[] = [];
  readonly ephemerals = new Set<string>();
  readonly views: readonly View[];
  session: SessionId | undefined;
  /** The claim that it believes to hold. */
  claim: Claim | undefined;
  /** Send time of the last acknowledged sign of life: the session must live for its timeout from here. */
  aliveFromMs = 0;
  /** The epoch it is attached with and has not closed; 0 for none. */
  liveEpoch = 0;
  /** When it closed a connection that had been, or may have been, attached. */
  readonly closesMs: number[] = [];
  /** Its session ended and it was told, or it asked to close it. */
  isOver = false;
  isClosing = false;
  /** It does nothing any more, since then. */
  diedAtMs: number | undefined;
  /** Nothing new is begun; what is open is brought to its end. */
  isDraining = false;
  readonly #changes: Changes;
  readonly #secretHash: Uint8Array;
  #connection: Connection | undefined;
  #life = 0;
  #heardAtMs = 0;
  #attachSentMs = 0;
  #isAttached = false;
  #touchSent = new Map<number, number>();
  #touches = 0;
  #touchedAtMs = 0;
  #unsentBytes = 0;
  #nextId = 1;
  #ids = new Map<number, Asked>();
  /** What its own node must hold as of the last change sent; undefined: nothing was written yet. */
  #own: string | undefined;

  constructor(options: SimClientOptions) {
    const { world, truth } = options;
    this.name = options.name;
    this.options = options;
    this.#changes = new Changes(options.name, options.port, world.random);
    const problem = (text: string) => truth.problem(`${options.name} ${text}`);
    this.views = [LOG, WEB].map((path) => new View(path, problem));
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++) bytes[i] = world.random.below(256);
    this.#secretHash = bytes;
  }

  /** Acts every few milliseconds until stopped. */
  start(): () => void {
    const { world } = this.options;
    return world.every(20 + world.random.below(30), () => this.#act());
  }

  /** The process ends: its connection is closed, or vanishes with its machine. */
  die(): void {
    this.#leave();
    this.diedAtMs = this.options.world.monotonicMs();
  }

  /** After healing: nothing may stay open. */
  get open(): readonly Written[] {
    return this.written.filter(({ outcome }) => outcome === undefined);
  }

  #act(): void {
    if (this.isOver || this.diedAtMs !== undefined) return;
    const { world } = this.options;
    const silenceMs = this.options.isQuiet ? this.options.timeoutMs / 2 : SILENCE_MS;
    const isSilent = world.monotonicMs() - this.#heardAtMs > silenceMs;
    if (this.#connection === undefined || isSilent) return this.#connect();
    if (!this.#isAttached) return;
    if (!this.isDraining && world.random.below(400) === 0) return this.#leave();
    if (this.options.isQuiet && !this.isDraining) return this.#touchInTime();
    const chance = world.random.below(10);
    if (world.random.below(20) === 0) this.#acknowledge();
    if (this.options.isSlow && world.random.below(20) === 0) this.#stall();
    if (chance < 3) this.#touch();
    else if (chance < 6) this.#pipeline();
    else if (chance < 8) this.#read();
  }

  #connect(): void {
    const { world, members } = this.options;
    this.#leave();
    const up = members.filter(({ isUp }) => isUp);
    if (up.length === 0) return;
    const life = ++this.#life;
    this.#heardAtMs = world.monotonicMs();
    this.#attachSentMs = world.monotonicMs();
    this.#isAttached = false;
    this.#ids.clear();
    this.#touchSent.clear();
    for (const view of this.views) view.restart();
    this.#unsentBytes = 0;
    const deliver = (batch: readonly Delivery[]) =>
      world.schedule(0, () => {
        for (const delivery of batch) if (life === this.#life) this.#take(delivery);
      });
    const unsentBytes = () => (life === this.#life ? this.#unsentBytes : 0);
    this.#connection = world.random.pick(up).connect({ deliver, unsentBytes });
    this.#askForSession();
  }

  /** Reads nothing for a while: its connection fills up. */
  #stall(): void {
    const { world } = this.options;
    const connection = this.#connection;
    this.#unsentBytes = Number.POSITIVE_INFINITY;
    world.schedule(world.random.below(500), () => {
      if (connection !== this.#connection) return;
      this.#unsentBytes = 0;
      connection?.use((attachment) => attachment.drained());
    });
  }

  #askForSession(): void {
    const { session } = this;
    const base = { id: this.#id('attach'), timeoutMs: 5_000, secretHash: this.#secretHash };
    const { timeoutMs, graceMs } = this.options;
    const wanted = { timeoutMsWanted: timeoutMs, graceMs, label: 'sim' };
    if (session !== undefined) this.#submit({ ...base, type: 'attachSession', session });
    else this.#submit({ ...base, type: 'openSession', ...wanted });
  }

  #submit(...requests: readonly Request[]): void {
    this.#connection?.use((attachment) => attachment.submit(requests));
  }

  /** Closes the connection, or just vanishes, as a dead machine does: then the member closes it some time. */
  #leave(): void {
    const { world } = this.options;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#isAttached = false;
    this.#life++;
    if (connection === undefined) return;
    if (world.random.below(2) === 0) {
      this.closesMs.push(world.monotonicMs());
      this.liveEpoch = 0;
      connection.use((attachment) => attachment.close('peerClosed'));
    } else
      world.schedule(VANISHED_MS, () => connection.use((attachment) => attachment.close('local')));
  }

  #id(what: Asked): number {
    const id = this.#nextId++;
    this.#ids.set(id, what);
    return id;
  }

  #touch(): void {
    const number = ++this.#touches;
    this.#touchedAtMs = this.options.world.monotonicMs();
    this.#touchSent.set(number, this.#touchedAtMs);
    this.#submit({ type: 'touch', number });
  }

  /** The outcomes of all below the first that is open have arrived: they need not be kept. */
  #acknowledge(): void {
    const firstOpen = this.open[0]?.seq ?? this.written.length + 1;
    this.#connection?.use((attachment) => attachment.acknowledge(firstOpen));
  }

  #touchInTime(): void {
    const { world, timeoutMs } = this.options;
    if (world.random.below(100) === 0) this.#pipeline();
    if (world.monotonicMs() - this.#touchedAtMs >= timeoutMs / 3) this.#touch();
  }

  /** A few changes and reads at once, each of which must find its place. */
  #pipeline(): void {
    if (this.isDraining || this.isClosing) return;
    for (let left = 1 + this.options.world.random.below(4); left > 0; left--) {
      this.#write();
      if (this.options.world.random.below(2) === 0) this.#read();
    }
  }

  #write(): void {
    if (this.open.length > 20 || this.isClosing) return;
    const seq = this.written.length + 1;
    const mark = `${this.name}:${seq}`;
    const body = seq === 1 ? this.#changes.own(mark) : this.#changes.draw(mark, this.claim);
    if (body.kind === 'closeSession') this.isClosing = true;
    const sentAtMs = this.options.world.monotonicMs();
    const written: Written = { seq, mark, body, sentAtMs, outcome: undefined, revision: 0 };
    this.written.push(written);
    this.#send(written);
  }

  #send(written: Written): void {
    const { kind } = written.body;
    if (kind === 'set' || written.seq === 1) this.#own = written.mark;
    const body = encodeBody(written.body);
    const base = { type: 'write', timeoutMs: 3_000, kind, body } as const;
    this.#submit({ ...base, id: this.#id(written), seq: written.seq });
  }

  #read(): void {
    const { world, truth } = this.options;
    const isLinearizable = world.random.below(2) === 0;
    const seen = Math.max(...this.views.map(({ revision }) => revision));
    const floor = isLinearizable ? truth.acknowledged : seen;
    this.#submit({
      type: 'read',
      id: this.#id({ floor, own: this.#own }),
      timeoutMs: 2_000,
      query: { type: 'get', path: `/own/${this.name}` },
      consistency: isLinearizable ? 'linearizable' : 'session',
      floor: asRevision(isLinearizable ? 0 : floor),
    });
  }

  #watch(): void {
    for (const [watch, { path, revision }] of this.views.entries()) {
      const start = revision === 0 ? 'snapshot' : asRevision(revision);
      const base = { type: 'watch', timeoutMs: 5_000, watch, path, scope: 'children' } as const;
      this.#submit({ ...base, id: this.#id('watch'), start });
    }
  }

  #take(delivery: Delivery): void {
    this.#heardAtMs = this.options.world.monotonicMs();
    switch (delivery.type) {
      case 'outcome':
        return this.#outcome(delivery.id, delivery.outcome, delivery.revision);
      case 'failure':
        return this.#failed(delivery.id);
      case 'answer':
        return this.#answered(delivery);
      case 'touched':
        return this.#lived(this.#touchSent.get(delivery.number));
      case 'events':
        return this.views[delivery.watch]!.hear(delivery.batch);
      case 'snapshot':
        return this.views[delivery.watch]!.show(delivery);
      case 'bookmark':
        for (const view of this.views) view.bookmark(delivery.revision);
        return;
      case 'sessionEnded':
        return this.#ended(delivery.cause);
      default:
        return;
    }
  }

  #ended(cause: string): void {
    this.liveEpoch = 0;
    if (cause !== 'moved') this.isOver = true;
    this.#leave();
  }

  #outcome(id: number, outcome: Outcome, revision: number): void {
    const what = this.#ids.get(id);
    this.#ids.delete(id);
    if (what === 'attach') return this.#attached(outcome);
    if (what === undefined || typeof what === 'string' || !('seq' in what)) return;
    for (const view of this.views) view.answered(revision);
    if (outcome.type === 'refused' && this.#turnedAway(outcome.code)) return;
    if (what.outcome !== undefined && what.revision !== revision)
      this.options.truth.problem(`${what.mark} was answered twice: ${what.revision}, ${revision}`);
    what.outcome = outcome;
    what.revision = revision;
    this.#lived(what.sentAtMs);
    const { truth } = this.options;
    truth.acknowledged = Math.max(truth.acknowledged, revision);
    this.#learn(what, outcome);
  }

  #learn({ mark, body }: Written, outcome: Outcome): void {
    if (body.kind === 'closeSession') this.isOver = true;
    if (body.kind === 'create' && body.nodeKind === 'ephemeral' && outcome.type === 'created')
      this.ephemerals.add(outcome.path);
    this.claim = this.#changes.claimAfter(this.claim, body, outcome);
    const problem = this.#changes.problemWith(body, outcome);
    if (problem !== undefined) this.options.truth.problem(`${mark} ${problem}`);
  }

  /** True when the change was not looked at: it stays open. */
  #turnedAway(code: string): boolean {
    if (code === 'SESSION_EXPIRED') this.#ended('expired');
    else if (code === 'MOVED' || code === 'SEQ_GAP' || code === 'WINDOW_FULL') this.#leave();
    else return false;
    return true;
  }

  #attached(outcome: Outcome): void {
    if (outcome.type === 'refused') return this.#ended(outcome.code);
    if (outcome.type !== 'attached') return;
    this.session = outcome.session;
    this.liveEpoch = outcome.epoch;
    this.#isAttached = true;
    this.#lived(this.#attachSentMs);
    this.#watch();
    for (const written of this.open) this.#send(written);
  }

  #lived(sentMs: number | undefined): void {
    if (sentMs !== undefined) this.aliveFromMs = Math.max(this.aliveFromMs, sentMs);
  }

  #failed(id: number): void {
    const what = this.#ids.get(id);
    this.#ids.delete(id);
    const isRead = typeof what === 'object' && 'floor' in what;
    if (what !== undefined && !isRead) this.#leave();
  }

  #answered({ id, answer, revision }: Delivery & { type: 'answer' }): void {
    const expected = this.#ids.get(id);
    this.#ids.delete(id);
    for (const view of this.views) view.answered(revision);
    if (typeof expected !== 'object' || !('floor' in expected)) return;
    const { problem } = this.options.truth;
    const say = (text: string) => problem.call(this.options.truth, `${this.name} ${text}`);
    if (revision < expected.floor) say(`read at ${revision}, behind ${expected.floor}`);
    if (answer.type !== 'node' || expected.own === undefined) return;
    const own = new TextDecoder().decode(answer.node?.data);
    if (own !== expected.own) say(`read '${own}' of its own instead of '${expected.own}'`);
  }
}
