/** What a member tells the leader of its sessions, and when a client may believe that it was heard (contract S2). */
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/codec/cursor.js';
import { encodePeerMessage } from '../../src/codec/peer.js';
import { SessionReports } from '../../src/server/leader/session-reports.js';
import { asTerm, type SessionId } from '../../src/types/ids.js';
import { PEER_FRAME_BYTES_MAX, SESSION_REPORT_ATTACHMENTS_MAX } from '../../src/types/limits.js';
import type { SessionReport, SessionReportReply } from '../../src/types/peer.js';
import { loneGate, sid } from './support.js';

function reply(report: SessionReport, refused: readonly SessionId[] = []): SessionReportReply {
  return { type: 'sessionReportReply', number: report.number, term: asTerm(1), refused };
}

class Setting {
  readonly reports = new SessionReports();
  readonly gate = loneGate().gate;
  readonly answers: string[] = [];

  touch(session: number, nowMs: number, name = `${session}`, epoch = 1): void {
    this.reports.touch(sid(session), epoch, nowMs);
    this.reports.awaitTouch(this.gate, sid(session), (isAlive) =>
      this.answers.push(isAlive ? name : `${name} ended`),
    );
  }

  /** One report that reaches the leader and comes back. */
  roundTrip(nowMs: number, refused: readonly SessionId[] = []): SessionReport {
    const report = this.reports.build(nowMs)[0]!;
    this.reports.confirm(reply(report, refused));
    return report;
  }
}

describe('a touch', () => {
  it('is answered once, when a report that carried it is confirmed', () => {
    const setting = new Setting();
    const before = setting.reports.build(0)[0]!;
    setting.touch(5, 10);
    setting.reports.confirm(reply(before));
    expect(setting.answers).toEqual([]);
    const report = setting.reports.build(100)[0]!;
    expect(report.touched).toEqual([{ session: 5, epoch: 1 }]);
    expect(setting.answers).toEqual([]);
    setting.reports.confirm(reply(report));
    setting.reports.confirm(reply(report));
    expect(setting.answers).toEqual(['5']);
    expect(setting.reports.build(200)[0]!.touched).toEqual([]);
  });

  it('travels again with every report until one is confirmed', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    for (const nowMs of [100, 200])
      expect(setting.reports.build(nowMs)[0]!.touched).toHaveLength(1);
    expect(setting.roundTrip(300).touched).toHaveLength(1);
    expect(setting.answers).toEqual(['5']);
    expect(setting.reports.build(400)[0]!.touched).toEqual([]);
  });

  it('made after a report left waits for the next', () => {
    const setting = new Setting();
    setting.touch(5, 0, 'first');
    const first = setting.reports.build(100)[0]!;
    setting.touch(5, 110, 'second');
    const second = setting.reports.build(200)[0]!;
    setting.reports.confirm(reply(first));
    expect(setting.answers).toEqual(['first']);
    setting.reports.confirm(reply(second));
    expect(setting.answers).toEqual(['first', 'second']);
  });

  it('of more sessions than one message takes counts when every part is confirmed', () => {
    const setting = new Setting();
    const count = 2 * SESSION_REPORT_ATTACHMENTS_MAX + 1;
    for (let i = 1; i <= count; i++) setting.reports.touch(sid(i), 1, 0);
    setting.touch(1, 0, 'first');
    setting.touch(count, 0, 'last');
    setting.reports.closed(sid(7), 1);
    const parts = setting.reports.build(100);
    expect(parts.map(({ touched }) => touched.length)).toEqual([
      SESSION_REPORT_ATTACHMENTS_MAX,
      SESSION_REPORT_ATTACHMENTS_MAX,
      1,
      0,
    ]);
    expect(parts.flatMap(({ closed }) => closed)).toEqual([{ session: 7, epoch: 1 }]);
    const bytes = parts.map((part) => {
      const writer = new ByteWriter();
      encodePeerMessage(part, writer);
      return writer.length;
    });
    expect(Math.max(...bytes)).toBeLessThan(PEER_FRAME_BYTES_MAX);
    for (const part of parts.slice(1)) setting.reports.confirm(reply(part, [sid(count)]));
    expect([setting.answers, setting.reports.isConfirmed(200)]).toEqual([[], false]);
    setting.reports.confirm(reply(parts[0]!));
    expect([setting.answers, setting.reports.isConfirmed(200)]).toEqual([['first'], true]);
    expect(setting.reports.build(300).map(({ touched }) => touched)).toEqual([[]]);
  });

  it('that the leader refused is never answered', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    setting.touch(6, 0);
    setting.roundTrip(100, [sid(5)]);
    setting.roundTrip(200);
    expect(setting.answers).toEqual(['6']);
  });

  it('is not answered by a later report when its own were lost and it grew too old to be repeated', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    for (let nowMs = 100; nowMs <= 1_500; nowMs += 100) setting.reports.build(nowMs)[0]!;
    expect(setting.roundTrip(1_600).touched).toEqual([]);
    expect(setting.answers).toEqual([]);
  });

  it('that grew too old is forgotten without a leader to report to, too', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    setting.reports.dropOld(1_501);
    expect(setting.roundTrip(1_600).touched).toEqual([]);
    expect(setting.answers).toEqual([]);
  });

  it('of a session that ended before the report left is told so', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    setting.reports.ended(sid(5));
    setting.roundTrip(100);
    expect(setting.answers).toEqual(['5 ended']);
  });

  it('of a connection that closed is answered to nobody', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    setting.gate.close('local');
    expect(setting.roundTrip(100).touched).toHaveLength(1);
    expect(setting.answers).toEqual([]);
  });

  it('of a newer attachment replaces that of an older one', () => {
    const setting = new Setting();
    setting.touch(5, 0);
    setting.touch(5, 10, 'again', 2);
    expect(setting.reports.build(100)[0]!.touched).toEqual([{ session: 5, epoch: 2 }]);
  });
});

describe('a close by the client', () => {
  it('is repeated until the state machine has resolved it', () => {
    const { reports } = new Setting();
    reports.closed(sid(5), 3);
    for (const nowMs of [100, 200, 5_000])
      expect(reports.build(nowMs)[0]!.closed).toEqual([{ session: 5, epoch: 3 }]);
    reports.resolved(sid(5), 2);
    expect(reports.build(5_100)[0]!.closed).toHaveLength(1);
    reports.resolved(sid(5), 3);
    expect(reports.build(5_200)[0]!.closed).toEqual([]);
  });

  it('is resolved by the end of the session', () => {
    const { reports } = new Setting();
    reports.closed(sid(5), 3);
    reports.ended(sid(5));
    expect(reports.build(100)[0]!.closed).toEqual([]);
  });

  it('is resolved by a new state in which the session ended or is attached anew', () => {
    const setting = new Setting();
    for (const session of [5, 6, 7]) setting.reports.closed(sid(session), 3);
    setting.touch(8, 0);
    const epochs = new Map([
      [5, 3],
      [6, 4],
    ]);
    setting.reports.reconcile((session) => epochs.get(session));
    expect(setting.reports.build(100)[0]!.closed).toEqual([{ session: 5, epoch: 3 }]);
    expect(setting.answers).toEqual(['8 ended']);
  });
});

describe('the age of the confirmation', () => {
  it('is counted from when the confirmed report left, not from when the answer came', () => {
    const { reports } = new Setting();
    expect(reports.isConfirmed(0)).toBe(false);
    const report = reports.build(1_000)[0]!;
    reports.confirm(reply(report));
    expect(reports.confirmationAgeMs(1_700)).toBe(700);
    expect(reports.isConfirmed(2_500)).toBe(true);
    expect(reports.isConfirmed(2_501)).toBe(false);
  });

  it('is asked for now and then while there is nothing to tell, and at once when there is', () => {
    const { reports } = new Setting();
    expect(reports.isDue(1_000)).toBe(true);
    reports.confirm(reply(reports.build(1_000)[0]!));
    expect(reports.isDue(1_200)).toBe(false);
    reports.touch(sid(1), 1, 1_200);
    expect(reports.isDue(1_200)).toBe(true);
    reports.confirm(reply(reports.build(1_200)[0]!));
    expect(reports.isDue(1_400)).toBe(false);
    reports.closed(sid(1), 1);
    expect(reports.isDue(1_400)).toBe(true);
    reports.resolved(sid(1), 1);
    expect(reports.isDue(1_400)).toBe(false);
    expect(reports.isDue(1_500)).toBe(true);
  });

  it('does not go back with an answer that was overtaken', () => {
    const { reports } = new Setting();
    const early = reports.build(1_000)[0]!;
    const late = reports.build(1_100)[0]!;
    reports.confirm(reply(late));
    reports.confirm(reply(early));
    expect(reports.confirmationAgeMs(1_100)).toBe(0);
  });

  it('is not improved by the answer to a report that is forgotten', () => {
    const { reports } = new Setting();
    const old = reports.build(0)[0]!;
    reports.build(1_501)[0]!;
    reports.confirm(reply(old));
    expect(reports.isConfirmed(1_501)).toBe(false);
  });
});
