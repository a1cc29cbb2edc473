/** Goal: a member that is fenced begins anew, but not for ever; and the lead goes to somebody who can take it. */
import { expect, it } from 'vitest';
import { FencingLimit } from '../../src/server/integrity/fenced.js';
import { Peers } from '../../src/server/peers.js';
import { asIndex, asMemberId, asTerm } from '../../src/types/ids.js';
import { FENCINGS_MAX, FENCINGS_WINDOW_MS } from '../../src/types/limits.js';
import type { MemberStatus } from '../../src/types/peer.js';

it('allows some fencings within the window, and counts only those', () => {
  const limit = new FencingLimit();
  for (let i = 0; i < FENCINGS_MAX; i++) expect(limit.allows(i)).toBe(true);
  expect(limit.allows(FENCINGS_MAX)).toBe(false);
  expect(limit.allows(FENCINGS_WINDOW_MS + FENCINGS_MAX + 1)).toBe(true);
});

const [B, C, D] = ['b', 'c', 'd'].map((name) => asMemberId(name.repeat(16)));
const follower = (id: typeof B, matchIndex: number) => {
  return { id: id!, matchIndex: asIndex(matchIndex), mode: 'replicate' as const };
};

function statusOf(id: typeof B, of: Partial<MemberStatus>): MemberStatus {
  const numbers = { term: asTerm(1), commitIndex: asIndex(1), appliedIndex: asIndex(1), pid: 1 };
  const address = 'r:1';
  const addresses = { peerAddress: address, clientAddress: address, httpAddress: address };
  const rest = { name: 'r', role: 'follower', disk: 'ok', version: 'test' } as const;
  return { type: 'status', id: id!, ...numbers, ...addresses, ...rest, ...of };
}

it('hands the lead to a follower that is awake rather than to one that has more of the log', () => {
  const peers = new Peers();
  peers.heard(B!, 100);
  peers.heard(C!, 900);
  peers.heard(D!, 950);
  const followers = [follower(B, 20), follower(C, 18), follower(D, 19)];
  expect(peers.heirs(followers, 600)).toEqual([D, C, B]);
});

it('never hands it to one in quarantine, or with a disk that has stalled', () => {
  const peers = new Peers();
  peers.noteStatus(B!, statusOf(B, { role: 'quarantined' }), 1);
  peers.noteStatus(C!, statusOf(C, { disk: 'stalled' }), 1);
  peers.noteStatus(D!, statusOf(D, {}), 1);
  expect(peers.heirs([follower(B, 9), follower(C, 9), follower(D, 1)], 0)).toEqual([D]);
});

it('believes nobody who speaks for another', () => {
  const peers = new Peers();
  peers.noteStatus(B!, statusOf(C, {}), 1);
  expect(peers.statuses.size).toBe(0);
  expect(peers.isReachable(C!, 1)).toBe(false);
});
