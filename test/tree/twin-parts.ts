/** What the slow obvious tree is made of. */
import type { CommandBody, Guard } from '../../src/types/command.js';
import type { AclEntry } from '../../src/types/node.js';

export interface TwinNode {
  data: string;
  owner: number;
  kind: string;
  createRevision: number;
  modifyRevision: number;
  childrenRevision: number;
  version: number;
  createCount: number;
  ordinal: number;
  sequence: number;
  incarnation: number;
  address: string;
  acl: readonly AclEntry[];
  aclVersion: number;
}

export interface TwinDeparture {
  service: string;
  id: string;
  reason: string;
  who: string;
  address: string;
  session: number;
  revision: number;
}

export interface TwinSession {
  secret: string;
  epoch: number;
  graceMs: number;
  detached: boolean;
  lastSeq: number;
  lastRevision: number;
  acked: number;
  answers: Map<number, string>;
}

export function plain(body: CommandBody): unknown {
  return JSON.parse(JSON.stringify(body));
}

/** Of data kept as text. */
export function lengthOf(data: string): number {
  return data === '' ? 0 : data.split(',').length;
}

/** Whether some quota allows neither these nodes nor these bytes more at the last of them. */
export function isOver(
  nodes: ReadonlyMap<string, TwinNode>,
  quotas: ReadonlyMap<string, { readonly nodes: number; readonly bytes: number }>,
  more: { readonly paths: readonly string[]; readonly bytes: number; readonly at: string },
): boolean {
  return [...quotas].some(([top, limits]) => {
    const isUnder = (path: string) => top === '/' || path === top || path.startsWith(`${top}/`);
    if (!isUnder(more.at)) return false;
    const standing = [...nodes].filter(([path]) => isUnder(path));
    const held = standing.reduce((sum, [, { data }]) => sum + lengthOf(data), 0);
    const added = more.paths.filter(isUnder).length;
    const isNodes = limits.nodes > 0 && added > 0 && standing.length + added > limits.nodes;
    return isNodes || (limits.bytes > 0 && more.bytes > 0 && held + more.bytes > limits.bytes);
  });
}

export function holds(guard: Guard, node: TwinNode | undefined): boolean {
  const { path: _, exists, ...rest } = guard;
  if (exists !== undefined && exists !== (node !== undefined)) return false;
  return Object.entries(rest).every(
    ([key, value]) => String(node?.[key as keyof TwinNode]) === String(value),
  );
}
