/** What only a leader does: ending sessions, each after a quorum round that began past its deadline (contract S4, S5). */
import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../src/codec/command.js';
import { Rounds } from '../../src/server/clients/rounds.js';
import { Leading } from '../../src/server/leader/leading.js';
import type { CommandBody } from '../../src/types/command.js';
import { asIndex, asTerm, type MemberId, type SessionId } from '../../src/types/ids.js';
import type { EntryBatch } from '../../src/types/log.js';
import type { PeerMessage } from '../../src/types/peer.js';
import { create, Driver } from '../tree/driver.js';
import { OTHER, SELF } from './support.js';

class Setting {
  nowMs = 0;
  stampMs = 1_000_000;
  hasQuorum = true;
  isTaking = true;
  readonly driver = new Driver();
  readonly sent: (readonly [MemberId, PeerMessage])[] = [];
  readonly proposed: CommandBody[] = [];
  readonly leading: Leading;
  readonly #rounds: Rounds;
  #round = 0;

  constructor() {
    this.#rounds = new Rounds((id) => {
      this.#round = id;
    }, 150);
    const host = {
      self: SELF,
      boot: 1,
      rounds: this.#rounds,
      tree: () => this.driver.tree,
      term: () => asTerm(1),
      nowMs: () => this.nowMs,
      stampMs: () => this.stampMs,
      propose: (batch: EntryBatch) => this.isTaking && this.#propose(batch),
      send: (to: MemberId, message: PeerMessage) => void this.sent.push([to, message]),
    };
    this.leading = new Leading(host, { sessionTickMs: 100, containerIdleMs: 1_000 });
  }

  turn(): void {
    this.#rounds.startNext(this.nowMs);
    if (this.hasQuorum) this.#rounds.answered(this.#round, asIndex(0));
    this.leading.proposeOwn();
  }

  pass(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 100;
      this.leading.tick();
      this.turn();
    }
  }

  report(number: number, touched: readonly SessionId[], closed: readonly SessionId[] = []): void {
    const all = (sessions: readonly SessionId[]) =>
      sessions.map((session) => ({ session, epoch: 1 }));
    const report = { type: 'sessionReport', number, touched: all(touched), closed: all(closed) };
    this.leading.report(OTHER, report as PeerMessage & { type: 'sessionReport' });
  }

  #propose({ count, offsets, bytes }: EntryBatch): boolean {
    for (let i = 0; i < count; i++)
      this.proposed.push(decodeCommand(bytes.subarray(offsets[i], offsets[i + 1]))!.body);
    return true;
  }
}

const open = (setting: Setting, graceMs = 0) => setting.driver.open({ timeoutMs: 2_000, graceMs });

describe('an end', () => {
  it('is proposed once, with what its session was when it was decided', () => {
    const setting = new Setting();
    const session = open(setting);
    setting.leading.open();
    setting.pass(1_900);
    expect(setting.proposed).toEqual([]);
    setting.pass(5_000);
    const decided = { epoch: 1, lastRevision: 1, term: 1, cause: 'expiry' };
    expect(setting.proposed).toEqual([{ kind: 'expireSession', session, ...decided }]);
  });

  it('is not proposed without a quorum, however long', () => {
    const setting = new Setting();
    open(setting);
    setting.leading.open();
    setting.hasQuorum = false;
    setting.pass(60_000);
    expect(setting.proposed).toEqual([]);
  });

  it('is proposed again when the log took nothing at the time', () => {
    const setting = new Setting();
    open(setting);
    setting.leading.open();
    setting.isTaking = false;
    setting.pass(4_000);
    expect(setting.proposed).toEqual([]);
    setting.isTaking = true;
    setting.turn();
    setting.turn();
    expect(setting.proposed).toHaveLength(1);
  });

  it('dies with the leadership that decided it', () => {
    const setting = new Setting();
    open(setting);
    setting.leading.open();
    setting.isTaking = false;
    setting.pass(4_000);
    setting.leading.close();
    setting.leading.open();
    setting.isTaking = true;
    setting.pass(1_900);
    expect(setting.proposed).toEqual([]);
  });

  it('that came to nothing gives its session a full timeout', () => {
    const setting = new Setting();
    const session = open(setting);
    setting.leading.open();
    setting.pass(2_000);
    setting.leading.sessionStarted(session);
    setting.pass(1_900);
    expect(setting.proposed).toHaveLength(1);
    setting.pass(200);
    expect(setting.proposed).toHaveLength(2);
  });
});

describe('a reap', () => {
  it('is proposed by who leads only, and counted anew when it leads again', () => {
    const setting = new Setting();
    setting.driver.apply(create('/t', { nodeKind: 'ttl', ttlMs: 3_000 }));
    setting.pass(10_000);
    expect(setting.proposed).toEqual([]);
    setting.leading.open();
    setting.pass(2_900);
    setting.leading.close();
    setting.pass(10_000);
    setting.leading.open();
    setting.pass(2_900);
    expect(setting.proposed).toEqual([]);
    setting.pass(2_000);
    expect(setting.proposed).toMatchObject([{ kind: 'reap', path: '/t', createRevision: 1 }]);
  });
});

describe('a report', () => {
  it('is answered after a quorum round, and names the touches that came too late', () => {
    const setting = new Setting();
    const [late, alive] = [open(setting), open(setting)];
    setting.leading.open();
    setting.pass(1_900);
    setting.report(1, [alive]);
    expect(setting.sent).toEqual([]);
    setting.turn();
    const reply = { type: 'sessionReportReply', number: 1, term: 1, refused: [] };
    expect(setting.sent).toEqual([[OTHER, reply]]);
    setting.pass(200);
    expect(setting.proposed).toHaveLength(1);
    setting.report(2, [late, alive]);
    setting.turn();
    expect(setting.sent.at(-1)).toEqual([OTHER, { ...reply, number: 2, refused: [late] }]);
  });

  it('is not answered when the leadership ended during the round', () => {
    const setting = new Setting();
    open(setting);
    setting.leading.open();
    setting.report(1, []);
    setting.leading.close();
    setting.leading.open();
    setting.turn();
    expect(setting.sent).toEqual([]);
  });

  it('of a closed connection has its loss proposed once, however often it is repeated', () => {
    const setting = new Setting();
    const session = open(setting, 500);
    setting.leading.open();
    for (let number = 1; number <= 5; number++) setting.report(number, [], [session]);
    setting.turn();
    expect(setting.proposed).toEqual([{ kind: 'detachSession', session, epoch: 1, term: 1 }]);
  });

  it('means nothing to a member that does not lead', () => {
    const setting = new Setting();
    setting.report(1, []);
    setting.turn();
    expect(setting.sent).toEqual([]);
  });
});
