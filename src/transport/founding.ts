/**
 * What members compare when they found a cluster: the list of its founders, the cluster's id as the hash of that
 * list, and the words for where two lists differ. Pure computation, no sockets.
 */
import { createHash } from 'node:crypto';
import { asClusterId, asMemberId, type ClusterId, type MemberId } from '../types/ids.js';
import type { ConfiguredMember } from '../types/log.js';
import type { FoundingMemberMessage, MeetMessage } from './grpc/service.js';

export interface InitialMember {
  readonly name: string;
  /** HOST:PORT. */
  readonly peerAddress: string;
}

export interface Founded {
  readonly clusterId: ClusterId;
  readonly founders: readonly ConfiguredMember[];
}

const CLUSTER_ID_DIGITS = 32;

/** The same on every founder, whatever the order of its list: SHA-256 over the sorted lines "name=id". */
export function clusterIdOf(founders: readonly ConfiguredMember[]): ClusterId {
  const lines = founders.map(({ name, id }) => `${name}=${id}`).sort();
  const hash = createHash('sha256').update(lines.join('\n')).digest('hex');
  return asClusterId(hash.slice(0, CLUSTER_ID_DIGITS));
}

/** Where two lists of initial members differ, for people; `undefined` when they name the same. */
export function describeDifference(
  here: readonly InitialMember[],
  there: readonly InitialMember[],
): string | undefined {
  const differences: string[] = [];
  const theirs = new Map(there.map((member) => [member.name, member.peerAddress]));
  for (const { name, peerAddress } of here) {
    const other = theirs.get(name);
    if (other === undefined) differences.push(`${name} is only here`);
    else if (other !== peerAddress) {
      differences.push(`${name} is at ${peerAddress} here and at ${other} there`);
    }
    theirs.delete(name);
  }
  for (const name of theirs.keys()) differences.push(`${name} is only there`);
  return differences.length === 0 ? undefined : differences.join('; ');
}

export function toFounders(message: MeetMessage): ConfiguredMember[] {
  return message.founders.map(({ name, id, peerAddress }) => ({
    id: asMemberId(id),
    name,
    peerAddress,
  }));
}

/** Ids that are not known yet are empty. */
export function describeFounders(
  members: readonly InitialMember[],
  ids: ReadonlyMap<string, MemberId>,
): FoundingMemberMessage[] {
  return members.map(({ name, peerAddress }) => ({ name, peerAddress, id: ids.get(name) ?? '' }));
}

/** Whether the other side knows the same id for every one of these. */
export function agrees(message: MeetMessage, ids: ReadonlyMap<string, MemberId>): boolean {
  return (
    message.founders.length === ids.size &&
    message.founders.every(({ name, id }) => id !== '' && ids.get(name) === id)
  );
}
