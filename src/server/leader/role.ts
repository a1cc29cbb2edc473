/** What operators are told a member is. Pre-votes are a detail of consensus; a learner stays one. */
import type { Raft } from '../../raft/raft.js';
import type { MemberId } from '../../types/ids.js';
import type { MemberStatus } from '../../types/peer.js';

export function shownRole(raft: Raft, self: MemberId): MemberStatus['role'] {
  const { role, configuration } = raft;
  if (configuration.learners.some(({ id }) => id === self)) return 'learner';
  return role === 'preCandidate' ? 'candidate' : role;
}
