/**
 * Access lists, each held once. Ids are this member's own (events carry them to the place of delivery);
 * what is replicated is the list. Id 0 is the open list: everyone may do everything.
 */
import type { AclEntry } from '../types/node.js';

/** Permission bits, as in ZooKeeper, of what apply decides; reading (1) is decided on delivery. */
export const WRITE = 2;
export const CREATE = 4;
export const DELETE = 8;

export interface AccessList {
  readonly id: number;
  readonly entries: readonly AclEntry[];
}

export const OPEN_ACCESS: AccessList = { id: 0, entries: [] };

export class AccessTable {
  readonly #lists: AccessList[] = [OPEN_ACCESS];
  readonly #byText = new Map<string, AccessList>();

  intern(entries: readonly AclEntry[]): AccessList {
    if (entries.length === 0) return OPEN_ACCESS;
    const text = JSON.stringify(entries.map((e) => [e.scheme, e.id, e.permissions]));
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const list = { id: this.#lists.length, entries: [...entries] };
    this.#lists.push(list);
    this.#byText.set(text, list);
    return list;
  }

  get(id: number): AccessList | undefined {
    return this.#lists[id];
  }
}

/** Whether somebody with these identities has the permission. */
export function allows(
  list: AccessList,
  permission: number,
  identities: readonly string[],
): boolean {
  if (list.id === 0) return true;
  for (const entry of list.entries) {
    if ((entry.permissions & permission) === 0) continue;
    if (entry.scheme === 'world') return true;
    if (identities.includes(`${entry.scheme}:${entry.id}`)) return true;
  }
  return false;
}
