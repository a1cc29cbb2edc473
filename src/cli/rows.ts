/**
 * What `-o json` prints: exactly these fields, in this order. Scripts depend on them, so a field may
 * be added but never renamed or removed. Pure.
 */
import type { Instance, InstanceState, LeaveReason } from '../types/instance.js';

export interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly pid: number;
}

export function memberRow(member: MemberRow): MemberRow {
  const { id, name, address, role, term, commitIndex, appliedIndex, pid } = member;
  return { id, name, address, role, term, commitIndex, appliedIndex, pid };
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
}

export function instanceRow(instance: InstanceRow): InstanceRow {
  const { id, sequence, address, port, protocol, url, weight, zone, tags, state, revision } =
    instance;
  return { id, sequence, address, port, protocol, url, weight, zone, tags, state, revision };
}

/** What `watch` prints of the roll of one service. */
export type WatchEvent =
  | {
      readonly type: 'snapshot';
      readonly revision: number;
      readonly instances: readonly Instance[];
      /** It replaces what was missed. */
      readonly marked: boolean;
    }
  | { readonly type: 'join' | 'change'; readonly revision: number; readonly instance: Instance }
  | {
      readonly type: 'leave';
      readonly revision: number;
      readonly instance: Instance;
      readonly reason: LeaveReason;
    }
  | { readonly type: 'stale' | 'live'; readonly revision: number };

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
      readonly reason?: LeaveReason;
    }
  | { readonly type: 'stale' | 'live'; readonly time: string; readonly revision: number };

/** `time`: when this process learnt of it, ISO 8601. */
export function watchLine(event: WatchEvent, time: Date): WatchLine {
  const { revision } = event;
  const stamp = time.toISOString();
  switch (event.type) {
    case 'snapshot': {
      const instances = event.instances.map(instanceRow);
      const line = { type: event.type, time: stamp, revision, instances };
      return event.marked ? { ...line, marked: true } : line;
    }
    case 'join':
    case 'change':
      return { type: event.type, time: stamp, revision, instance: instanceRow(event.instance) };
    case 'leave': {
      const instance = instanceRow(event.instance);
      return { type: event.type, time: stamp, revision, instance, reason: event.reason };
    }
    default:
      return { type: event.type, time: stamp, revision };
  }
}
