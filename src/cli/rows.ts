/**
 * What `-o json` prints: exactly these fields, in this order. Scripts depend on them, so a field may
 * be added but never renamed or removed. Pure.
 */
import type { InstanceState, RollEvent, RollLeaveReason } from '../client/index.js';

export interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly pid: number;
  readonly disk: string;
}

export function memberRow(member: MemberRow): MemberRow {
  const { id, name, address, role, term, commitIndex, appliedIndex, pid, disk } = member;
  return { id, name, address, role, term, commitIndex, appliedIndex, pid, disk };
}

export interface InstanceRow {
  readonly id: string;
  readonly sequence: number;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly url: string;
  readonly weight: number;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly state: InstanceState;
  readonly revision: number;
  /** The named ones besides `port`. */
  readonly ports: Readonly<Record<string, number>>;
}

export function instanceRow(instance: InstanceRow): InstanceRow {
  const { id, sequence, address, port, protocol, url, weight, zone, tags, state } = instance;
  const { revision, ports } = instance;
  return { id, sequence, address, port, protocol, url, weight, zone, tags, state, revision, ports };
}

export type WatchLine =
  | {
      readonly type: 'snapshot';
      readonly time: string;
      readonly revision: number;
      readonly instances: readonly InstanceRow[];
      /** Present only after a gap. */
      readonly marked?: true;
    }
  | {
      readonly type: 'join' | 'change' | 'leave';
      readonly time: string;
      readonly revision: number;
      readonly instance: InstanceRow;
      readonly reason?: RollLeaveReason;
    }
  | { readonly type: 'stale' | 'live'; readonly time: string; readonly revision: number };

/**
 * undefined: nothing to print. After a gap that is so for the differences, which the client works out
 * itself: scripts get the marked snapshot alone, so that every other line is a change of the log.
 */
export function watchLine(event: RollEvent): WatchLine | undefined {
  const { revision } = event;
  const time = new Date(event.time).toISOString();
  switch (event.type) {
    case 'snapshot': {
      const instances = event.instances.map(instanceRow);
      const line = { type: event.type, time, revision, instances };
      return event.marked ? { ...line, marked: true } : line;
    }
    case 'join':
    case 'change':
    case 'leave': {
      if (event.marked) return undefined;
      const line = { type: event.type, time, revision, instance: instanceRow(event.instance) };
      return event.type === 'leave' ? { ...line, reason: event.reason } : line;
    }
    default:
      return { type: event.type, time, revision };
  }
}
