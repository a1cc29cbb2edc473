/**
 * Majorities. The empty set never decides anything: a member that knows no voters neither wins an election
 * nor commits.
 */
import type { MemberId } from '../types/ids.js';

export type VoteResult = 'won' | 'lost' | 'pending';

export function quorumSize(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** The greatest value that a majority has reached: sorted, the k-th from above. 0 without voters. */
export function quorumValue(values: number[]): number {
  if (values.length === 0) return 0;
  values.sort((a, b) => b - a);
  return values[quorumSize(values.length) - 1]!;
}

/** Only the votes of `voters` count, whoever else has voted. */
export function voteResult(
  voters: readonly MemberId[],
  votes: ReadonlyMap<MemberId, boolean>,
): VoteResult {
  const needed = quorumSize(voters.length);
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted += 1;
    if (vote === false) refused += 1;
  }
  if (granted >= needed) return 'won';
  return refused > voters.length - needed ? 'lost' : 'pending';
}
