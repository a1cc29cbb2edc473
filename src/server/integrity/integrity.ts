/**
 * What a member does about a state that may be wrong: it says what its own comes to at every mark, follows
 * the comparison, and while the members are split without a majority it shows and takes nothing. Whether it
 * must be fenced is asked at the end of each turn, before anything of that turn is shown.
 */
import type { Raft } from '../../raft/raft.js';
import { DIGEST_FORMAT } from '../../tree/digest.js';
import type { Tree } from '../../tree/tree.js';
import type { MemberId, Revision } from '../../types/ids.js';
import type { EntryBatch } from '../../types/log.js';
import type { DigestReport, PeerMessage } from '../../types/peer.js';
import { notApplied } from '../clients/gate.js';
import type { Intake } from '../clients/intake.js';
import type { Reads } from '../clients/reads.js';
import type { Peers } from '../peers.js';
import type { Tuning } from '../tuning.js';
import { Comparison, type Oddity, type Split } from './comparison.js';
import { DigestMarks } from './digest-marks.js';
import type { Quarantine } from './quarantine.js';

export interface IntegrityHost {
  readonly self: MemberId;
  readonly boot: number;
  readonly raft: Raft;
  readonly intake: Intake;
  readonly reads: Reads;
  readonly peers: Peers;
  readonly quarantine: Quarantine;
  readonly tuning: Tuning;
  tree(): Tree;
  nowMs(): number;
  send(to: MemberId, message: PeerMessage): void;
  /** Into the log, whatever else is held back. */
  append(batch: EntryBatch): boolean;
}

const SPLIT = notApplied(
  'CORRUPT',
  'the members hold different states and no majority agrees: nothing is served until one does',
);

/** Several times as long as a first comparison takes. */
const UNCOMPARED_MS = 2_000;

export class Integrity {
  readonly #host: IntegrityHost;
  readonly #comparison: Comparison;
  readonly #marks: DigestMarks;
  #split: Split | undefined;
  #saidAtMs = 0;
  #movedAtMs = 0;

  constructor(host: IntegrityHost) {
    const { self, boot, raft, peers } = host;
    this.#host = host;
    this.#comparison = new Comparison({
      self,
      voters: () => raft.configuration.voters.map(({ id }) => id),
      mayYetSay: (id) => peers.isReachable(id, host.nowMs()) && !peers.isQuarantined(id),
    });
    this.#marks = new DigestMarks({ self, boot, propose: (batch) => host.append(batch) });
  }

  /** Nobody knows who is right: set while nothing is served. */
  get split(): Split | undefined {
    return this.#split;
  }

  get figures(): { readonly agreements: number; readonly mismatches: number } {
    return this.#comparison;
  }

  /**
   * Whether another may be given this state as a whole. In dispute it would outvote the right one; and one
   * that was just loaded is compared first, unless nobody is there to compare it with.
   */
  get mayHandOn(): boolean {
    if (this.#split !== undefined) return false;
    return this.#comparison.hasAgreed || this.#host.nowMs() - this.#movedAtMs >= UNCOMPARED_MS;
  }

  /** A mark was applied here. */
  marked(revision: Revision): void {
    this.#marks.applied(revision, this.#host.nowMs());
    this.#comparison.note(this.#host.self, revision, this.#host.tree().digest());
    this.#say();
  }

  heard(from: MemberId, { format, revision, digest }: DigestReport): void {
    const { voters } = this.#host.raft.configuration;
    if (format !== DIGEST_FORMAT || !voters.some(({ id }) => id === from)) return;
    this.#comparison.note(from, revision, digest);
  }

  /** Somebody came: with a state that was just loaded, perhaps. */
  connected(): void {
    this.#marks.await();
  }

  leadershipMoved(): void {
    this.#movedAtMs = this.#host.nowMs();
    this.#marks.restart();
  }

  /** The state was replaced. */
  installed(): void {
    this.#comparison.restart();
  }

  tick(nowMs: number): void {
    const { raft, tuning } = this.#host;
    const isAlone = this.#others().length === 0;
    const { revision } = this.#host.tree();
    const isOpen = this.#split !== undefined;
    if (raft.isReady && !isAlone) this.#marks.tick({ revision, nowMs, isOpen });
    this.#follow(nowMs);
    if (nowMs - this.#saidAtMs >= tuning.statusMs) this.#say();
  }

  /** This member is the odd one, and must not go on. */
  judge(): Oddity | undefined {
    if (this.#host.quarantine.isOn) return undefined;
    const nowMs = this.#host.nowMs();
    const oddity = this.#comparison.judge(nowMs);
    this.#follow(nowMs);
    return oddity;
  }

  #follow(nowMs: number): void {
    const { intake, reads } = this.#host;
    const split = this.#comparison.split(nowMs);
    if ((split === undefined) !== (this.#split === undefined)) {
      intake.closed = split === undefined ? undefined : SPLIT;
      if (split !== undefined) reads.failAll(SPLIT);
    }
    this.#split = split;
  }

  /** Messages get lost, so the latest is said again and again. In quarantine it proves nothing. */
  #say(): void {
    this.#saidAtMs = this.#host.nowMs();
    const { latest } = this.#comparison;
    if (latest === undefined || this.#host.quarantine.isOn) return;
    const report = { type: 'digest', format: DIGEST_FORMAT, ...latest } as const;
    for (const id of this.#others()) this.#host.send(id, report);
  }

  #others(): MemberId[] {
    const { raft, self } = this.#host;
    const { voters, learners } = raft.configuration;
    return [...voters, ...learners].map(({ id }) => id).filter((id) => id !== self);
  }
}
