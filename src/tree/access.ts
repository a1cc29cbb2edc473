/**
 * Access lists, each held once. Ids are this member's own (events carry them to the place of delivery);
 * what is replicated is the list. Id 0 is the open list: everyone may do everything. Schemes are
 * ZooKeeper's: world and ip are understood here, auth is resolved when a list is set, any other is an
 * identity that must be the sender's to the letter.
 */
import { type IpRange, isInRange, parseIp, parseIpRange } from '../codec/ip.js';
import type { Revision } from '../types/ids.js';
import { ACL_ENTRIES_MAX } from '../types/limits.js';
import type { AclEntry } from '../types/node.js';
import type { Refused } from '../types/outcome.js';

/** One entry, as it is asked. */
interface Rule {
  readonly permissions: number;
  /** undefined: anyone. */
  readonly whom: string | IpRange | undefined;
}

export interface AccessList {
  readonly id: number;
  readonly entries: readonly AclEntry[];
  readonly rules: readonly Rule[];
  /** Of the entries; equal lists are one. */
  readonly text: string;
  /** How many nodes have it. */
  holders: number;
  /** Of the last event that carries it. */
  usedAt: number;
}

export const OPEN_ACCESS: AccessList = {
  id: 0,
  entries: [],
  rules: [],
  text: '',
  holders: 0,
  usedAt: 0,
};

const IP_PREFIX = 'ip:';
/** Lists without a node are looked through when there are twice as many as were left last time, and these. */
const IDLE_MIN = 64;

/** Invariant: holds the lists of all nodes, and of all events that the history holds. */
export class AccessTable {
  readonly #byId = new Map<number, AccessList>();
  readonly #byText = new Map<string, AccessList>();
  /** No node has them any more. */
  readonly #idle = new Set<AccessList>();
  #idleMax = IDLE_MIN;
  #lastId = OPEN_ACCESS.id;

  /** Besides the open one. */
  get size(): number {
    return this.#byId.size;
  }

  /** The node that gets it must be told of by `hold`. */
  intern(entries: readonly AclEntry[]): AccessList {
    if (entries.length === 0) return OPEN_ACCESS;
    const text = JSON.stringify(entries.map((e) => [e.scheme, e.id, e.permissions]));
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const rules = entries.map(ruleOf);
    const id = ++this.#lastId;
    const list = { id, entries: [...entries], rules, text, holders: 0, usedAt: 0 };
    this.#byText.set(text, list);
    return list;
  }

  get(id: number): AccessList | undefined {
    return id === OPEN_ACCESS.id ? OPEN_ACCESS : this.#byId.get(id);
  }

  /** A node has it from now on. */
  hold(list: AccessList): void {
    if (list === OPEN_ACCESS || list.holders++ > 0) return;
    this.#idle.delete(list);
    this.#byId.set(list.id, list);
    this.#byText.set(list.text, list);
  }

  /** A node has it no more; history is complete above `floor`. */
  release(list: AccessList, floor: Revision): void {
    if (list === OPEN_ACCESS || --list.holders > 0) return;
    this.#idle.add(list);
    if (this.#idle.size > this.#idleMax) this.#forget(floor);
  }

  /** An event of this revision carries it. */
  used(list: AccessList, revision: Revision): void {
    if (list !== OPEN_ACCESS) list.usedAt = revision;
  }

  #forget(floor: Revision): void {
    for (const list of this.#idle) {
      if (list.usedAt > floor) continue;
      this.#idle.delete(list);
      this.#byId.delete(list.id);
      this.#byText.delete(list.text);
    }
    this.#idleMax = 2 * this.#idle.size + IDLE_MIN;
  }
}

/** Whether somebody with these identities has the permission. */
export function allows(
  list: AccessList,
  permission: number,
  identities: readonly string[],
): boolean {
  if (list.id === 0) return true;
  for (const { permissions, whom } of list.rules) {
    if ((permissions & permission) !== 0 && isMeant(whom, identities)) return true;
  }
  return false;
}

/**
 * The list as it is kept: an entry of scheme auth stands for every identity of the sender but its
 * address, which others may have tomorrow.
 */
export function resolveAcl(
  acl: readonly AclEntry[],
  identities: readonly string[],
): readonly AclEntry[] | Refused {
  if (acl.length === 0 || !acl.some((entry) => entry.scheme === 'auth')) return acl;
  const own = identities.filter((text) => text.indexOf(':') > 0 && !text.startsWith(IP_PREFIX));
  if (own.length === 0) {
    return refusal('INVALID_ARGUMENT', 'scheme auth needs a sender who has authenticated');
  }
  const resolved: AclEntry[] = [];
  for (const entry of acl) {
    if (entry.scheme !== 'auth') resolved.push(entry);
    else for (const identity of own) resolved.push(entryFor(identity, entry.permissions));
  }
  if (resolved.length <= ACL_ENTRIES_MAX) return resolved;
  return refusal('TOO_LARGE', `access list of more than ${ACL_ENTRIES_MAX} entries`);
}

function ruleOf({ scheme, id, permissions }: AclEntry): Rule {
  if (scheme === 'world') return { permissions, whom: undefined };
  // What cannot be a range is refused before it gets here; from a row it means nobody.
  const range = scheme === 'ip' ? parseIpRange(id) : undefined;
  return { permissions, whom: range ?? `${scheme}:${id}` };
}

function isMeant(whom: Rule['whom'], identities: readonly string[]): boolean {
  if (whom === undefined) return true;
  if (typeof whom === 'string') return identities.includes(whom);
  return identities.some((identity) => isAddressIn(whom, identity));
}

function isAddressIn(range: IpRange, identity: string): boolean {
  if (!identity.startsWith(IP_PREFIX)) return false;
  // The zone of a link-local address is this machine's own name for a cable.
  const [text = ''] = identity.slice(IP_PREFIX.length).split('%');
  const address = parseIp(text);
  return address !== undefined && isInRange(address, range);
}

function entryFor(identity: string, permissions: number): AclEntry {
  const colon = identity.indexOf(':');
  return { scheme: identity.slice(0, colon), id: identity.slice(colon + 1), permissions };
}

function refusal(code: Refused['code'], detail: string): Refused {
  return { type: 'refused', code, position: 0, detail };
}
