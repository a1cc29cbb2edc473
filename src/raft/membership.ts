/**
 * Who counts, and since which entry. A configuration takes effect when it is appended and reverts when its
 * entry is cut (thesis 4.1), so this list follows the log exactly. It also holds the rule that one change
 * moves one member.
 *
 * Invariant: the first record is at or below the trim point; indexes rise; the last record is in effect.
 */
import { decodeConfiguration } from '../codec/run.js';
import { assert } from '../types/assert.js';
import type { Index, MemberId } from '../types/ids.js';
import type { Configuration, Run } from '../types/log.js';

interface ConfigurationRecord {
  readonly index: Index;
  readonly configuration: Configuration;
  readonly voterIds: readonly MemberId[];
}

export class ConfigurationHistory {
  #records: ConfigurationRecord[];

  constructor(index: Index, configuration: Configuration) {
    this.#records = [record(index, configuration)];
  }

  get latest(): ConfigurationRecord {
    return this.#records.at(-1)!;
  }

  /** In effect at the trim point: what a snapshot of it must carry. */
  get base(): Configuration {
    return this.#records[0]!.configuration;
  }

  /** In effect at an index from the trim point on. */
  at(index: Index): Configuration {
    const record = this.#records.findLast((candidate) => candidate.index <= index);
    assert(record !== undefined, 'the configurations before the trim point are gone');
    return record.configuration;
  }

  /** Whether `id` votes in the configuration that `commitIndex` leaves in force, or in one that may replace it. */
  mayNeed(id: MemberId, commitIndex: Index): boolean {
    const settled = this.#records.findLastIndex((candidate) => candidate.index <= commitIndex);
    return this.#records.slice(settled).some((candidate) => candidate.voterIds.includes(id));
  }

  /** To be called with every run that enters the log. */
  append(run: Run): void {
    if (run.kind !== 'configuration') return;
    const configuration = decodeConfiguration(run.bytes);
    assert(configuration !== undefined, 'a configuration run holds a configuration');
    this.#records.push(record(run.first, configuration));
  }

  truncate(from: Index): void {
    while (this.#records.length > 1 && this.latest.index >= from) this.#records.pop();
  }

  trim(to: Index): void {
    while (this.#records.length > 1 && this.#records[1]!.index <= to) this.#records.shift();
  }

  restart(index: Index, configuration: Configuration): void {
    this.#records = [record(index, configuration)];
  }
}

function record(index: Index, configuration: Configuration): ConfigurationRecord {
  return { index, configuration, voterIds: configuration.voters.map((voter) => voter.id) };
}

export function isVoter(configuration: Configuration, id: MemberId): boolean {
  return configuration.voters.some((voter) => voter.id === id);
}

export function memberIds(configuration: Configuration): MemberId[] {
  return [...configuration.voters, ...configuration.learners].map((member) => member.id);
}

/**
 * The one member by which the two differ: added, removed, promoted, demoted or moved to another address.
 * `undefined` when none or several do, or when no voter would be left. Majorities of two configurations
 * that differ by one voter overlap (thesis 4.1), which is what makes the change safe.
 */
export function changedMember(before: Configuration, after: Configuration): MemberId | undefined {
  const old = standings(before);
  const next = standings(after);
  if (after.voters.length === 0 || next.size !== memberIds(after).length) return undefined;
  const ids = new Set([...old.keys(), ...next.keys()]);
  const changed = [...ids].filter((id) => old.get(id) !== next.get(id));
  return changed.length === 1 ? changed[0] : undefined;
}

/** Everything about each member that a change may alter, as comparable text. */
function standings(configuration: Configuration): Map<MemberId, string> {
  const all = new Map<MemberId, string>();
  for (const { id, name, peerAddress } of configuration.voters) {
    all.set(id, JSON.stringify(['voter', name, peerAddress]));
  }
  for (const { id, name, peerAddress } of configuration.learners) {
    all.set(id, JSON.stringify(['learner', name, peerAddress]));
  }
  return all;
}
