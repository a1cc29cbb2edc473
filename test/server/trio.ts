/** Three members in one process, in virtual time: the real cores, and links between them that can be cut. */
import { RAFT_LIMITS_DEFAULT } from '../../src/raft/raft.js';
import { Core } from '../../src/server/core.js';
import { DEFAULT_TUNING, type Tuning } from '../../src/server/tuning.js';
import { Tree } from '../../src/tree/tree.js';
import { asMemberId, type MemberId, NO_INDEX, NO_TERM } from '../../src/types/ids.js';
import type { PeerMessage } from '../../src/types/peer.js';
import { TestClient } from './support.js';

const VOTERS = [1, 2, 3].map((n) => ({
  id: asMemberId(`${n}`.repeat(16)),
  name: `r${n}`,
  peerAddress: `r${n}:1`,
}));
const STEP_MS = 15;

export class Trio {
  nowMs = 1_000;
  readonly ended: string[] = [];
  readonly cores: readonly Core[];
  /** Members that nobody hears and that hear nobody; their clients still reach them. */
  readonly cut = new Set<MemberId>();
  #mail: { readonly from: MemberId; readonly to: MemberId; readonly messages: PeerMessage[] }[] =
    [];

  constructor(tuning: Partial<Tuning> = {}) {
    this.cores = VOTERS.map((_, i) => this.#create(i, { ...DEFAULT_TUNING, ...tuning }));
    this.pass(2_000);
  }

  get leader(): Core {
    return this.cores.findLast(({ raft }) => raft.role === 'leader' && raft.isReady)!;
  }

  get followers(): readonly Core[] {
    return this.cores.filter((core) => core !== this.leader);
  }

  idOf(core: Core): MemberId {
    return VOTERS[this.cores.indexOf(core)]!.id;
  }

  connect(core: Core): TestClient {
    const client = new TestClient();
    client.attachment = core.attach({ identities: [], ordered: true }, client.sink);
    return client;
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.nowMs += STEP_MS;
      for (const core of this.cores) core.tick();
      this.turn();
    }
  }

  /** Until nothing is under way. */
  turn(): void {
    for (let i = 0; i < 30; i++) {
      for (const core of this.cores) this.#settle(core);
      const mail = this.#mail;
      this.#mail = [];
      for (const { from, to, messages } of mail)
        if (!this.cut.has(from) && !this.cut.has(to)) this.#coreOf(to).receive(from, messages);
    }
  }

  #settle(core: Core): void {
    const from = this.idOf(core);
    const { sends, persists } = core.settle();
    for (const [to, messages] of sends) this.#mail.push({ from, to, messages: [...messages] });
    for (const { token, sendAfter } of persists) {
      for (const message of sendAfter)
        this.#mail.push({ from, to: message.to, messages: [{ type: 'raft', message }] });
      core.persisted(token);
    }
  }

  #coreOf(id: MemberId): Core {
    return this.cores[VOTERS.findIndex((voter) => voter.id === id)]!;
  }

  #create(i: number, tuning: Tuning): Core {
    const self = VOTERS[i]!;
    const { historyEventsMax, historyBytesMax, heartbeatTicks } = tuning;
    const { electionTicksMin, electionTicksMax } = tuning;
    const configuration = { voters: VOTERS, learners: [] };
    const appliedAt = { term: NO_TERM, configuration, time: 0 };
    const hardState = { term: NO_TERM, votedFor: undefined, commitIndex: NO_INDEX };
    const snapshot = { index: NO_INDEX, ...appliedAt };
    const addresses = { peerAddress: self.peerAddress, clientAddress: '', httpAddress: '' };
    const about = { id: self.id, name: self.name, pid: 1, version: 'test', ...addresses };
    return new Core({
      self: self.id,
      boot: 1,
      raft: {
        self: self.id,
        random: { below: (bound) => (i * 5) % bound },
        ...{ heartbeatTicks, electionTicksMin, electionTicksMax },
        limits: RAFT_LIMITS_DEFAULT,
        initial: { hardState, snapshot, runs: [], appliedIndex: NO_INDEX },
      },
      tree: new Tree({ historyEventsMax, historyBytesMax }),
      appliedAt,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_790_000_000_000 + this.nowMs },
      tuning,
      describeSelf: () => about,
      sessionEnded: (cause) => void this.ended.push(cause),
      pushed: () => {},
      wake: () => {},
    });
  }
}
