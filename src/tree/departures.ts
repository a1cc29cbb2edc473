/**
 * Registrations that ended, for the question why one vanished: replicated, the last of every service and
 * a bounded number in all, oldest dropped first. They outlive the service's node. The address stands in
 * the instance's JSON, which is read only when somebody asks or the row is hashed: of a mass expiry most
 * are dropped before that.
 */
import { decodePlace } from '../codec/instance.js';
import type { DepartureRow } from '../codec/row.js';
import { DEPARTURES_MAX, DEPARTURES_PER_SERVICE_MAX, TEXT_BYTES_MAX } from '../types/limits.js';
import type { Departure } from '../types/record.js';
import type { RowHasher } from './digest.js';
import type { Tracker } from './dirty.js';
import { TrackedRow } from './tracked.js';

/** JSON of an instance that is read for its address: a fraction of a millisecond. */
const PLACE_DATA_BYTES_MAX = 64 * 1024;

/** All but what the instance's JSON says. */
export type DepartureFacts = Omit<Departure, 'address' | 'port'>;

export interface Place {
  readonly address: string;
  readonly port: number;
}

export const NOWHERE: Place = { address: '', port: 0 };

class DepartureRecord extends TrackedRow {
  readonly facts: DepartureFacts;
  readonly ordinal: number;
  readonly rowKey: string;
  #place: Place | Uint8Array;

  constructor(facts: DepartureFacts, ordinal: number, place: Place | Uint8Array) {
    super();
    this.facts = facts;
    this.ordinal = ordinal;
    this.rowKey = `d${facts.revision}.${ordinal}`;
    this.#place = place;
  }

  departure(): Departure {
    const { address, port } = this.#resolve();
    return { ...this.facts, address, port };
  }

  asRow(): DepartureRow {
    return { table: 'departure', ...this.departure(), ordinal: this.ordinal };
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this.asRow());
  }

  #resolve(): Place {
    if ('address' in this.#place) return this.#place;
    this.#place = placeIn(this.#place);
    return this.#place;
  }
}

export class DepartureTable {
  readonly #byService = new Map<string, DepartureRecord[]>();
  /** In order of leaving, with the dropped among them; cut when most of it is. */
  #order: DepartureRecord[] = [];
  #head = 0;
  #size = 0;
  readonly #tracker: Tracker;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  get size(): number {
    return this.#size;
  }

  *records(): Iterable<TrackedRow> {
    for (const list of this.#byService.values()) yield* list;
  }

  /** How many each service has. */
  *counts(): Iterable<number> {
    for (const list of this.#byService.values()) yield list.length;
  }

  /** Oldest first; of one id, or of all. */
  of(service: string, id?: string): Departure[] {
    const list = this.#byService.get(service) ?? [];
    const wanted = id === undefined ? list : list.filter(({ facts }) => facts.id === id);
    return wanted.map((record) => record.departure());
  }

  add(facts: DepartureFacts, place: Place | Uint8Array): void {
    const last = this.#order.at(-1);
    const ordinal = last?.facts.revision === facts.revision ? last.ordinal + 1 : 0;
    const record = new DepartureRecord(facts, ordinal, place);
    if (place instanceof Uint8Array) this.#tracker.weigh(place.length);
    const list = this.#append(record);
    this.#tracker.created(record);
    if (list.length > DEPARTURES_PER_SERVICE_MAX) this.#drop(list.shift()!);
    else if (this.#size > DEPARTURES_MAX) this.#dropOldest();
    if (this.#order.length > 2 * this.#size + 64) this.#compact();
  }

  /** Rows come in the order of leaving. */
  load(row: DepartureRow): TrackedRow {
    const { table: _, ordinal, address, port, ...facts } = row;
    const record = new DepartureRecord(facts, ordinal, { address, port });
    this.#append(record);
    return record;
  }

  #append(record: DepartureRecord): DepartureRecord[] {
    const { service } = record.facts;
    let list = this.#byService.get(service);
    if (list === undefined) {
      list = [];
      this.#byService.set(service, list);
    }
    list.push(record);
    this.#order.push(record);
    this.#size++;
    return list;
  }

  #drop(record: DepartureRecord): void {
    this.#tracker.removed(record);
    this.#size--;
  }

  /** The oldest of all is the oldest of its service. */
  #dropOldest(): void {
    while (this.#order[this.#head]!.isRemoved) this.#head++;
    const record = this.#order[this.#head++]!;
    const { service } = record.facts;
    const list = this.#byService.get(service)!;
    list.shift();
    if (list.length === 0) this.#byService.delete(service);
    this.#drop(record);
  }

  #compact(): void {
    this.#order = this.#order.slice(this.#head).filter((record) => !record.isRemoved);
    this.#head = 0;
  }
}

/** What is larger than any registration may be somebody's own data, and is not read. */
function placeIn(data: Uint8Array): Place {
  const place = data.length > PLACE_DATA_BYTES_MAX ? undefined : decodePlace(data);
  return place === undefined || place.address.length > TEXT_BYTES_MAX ? NOWHERE : place;
}

/** host:port, an IPv6 literal in brackets. */
export function placeText({ address, port }: Place): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
