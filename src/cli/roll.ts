/**
 * The roll of a service as lines for people: when, what, who, and what is new about it. Remembers each
 * instance it has shown, to say what a change changed. Pure but for that memory.
 */
import type { Instance, RollEvent } from '../client/index.js';
import { displayWidth, pad, printable } from './table.js';

/** Wide enough for most names and addresses; longer ones push the rest to the right. */
const WHO_WIDTH = 14;
const WHAT_WIDTH = 24;

/** Said of a view that may be old. */
export const STALE = 'not confirmed by a leader lately: what is shown may be old';

export class RollDescriber {
  private readonly known = new Map<string, Instance>();
  private readonly service: string;
  private whoWidth = WHO_WIDTH;
  private isStale = false;

  constructor(service: string) {
    this.service = service;
  }

  describe(event: RollEvent, time: string): string[] {
    switch (event.type) {
      case 'snapshot':
        return this.snapshot(event, time);
      case 'stale':
        this.isStale = true;
        return [this.line([time, 'stale', this.service, STALE], event.revision)];
      case 'live':
        // Being current is no news unless it was in doubt.
        if (!this.isStale) return [];
        this.isStale = false;
        return [this.line([time, 'live', this.service, 'current again'], event.revision)];
      default:
        return [this.movement(event, time)];
    }
  }

  private snapshot(event: RollEvent & { readonly type: 'snapshot' }, time: string): string[] {
    this.known.clear();
    const count = event.instances.length;
    const gap = event.marked ? ', after a gap' : '';
    const what = `${count} ${count === 1 ? 'instance' : 'instances'}${gap}`;
    const head = this.line([time, 'roll', this.service, what], event.revision);
    const lines = event.instances.map((instance) => {
      this.known.set(instance.id, instance);
      return this.line(['', '', this.who(instance), placeAndState(instance)], instance.revision);
    });
    return [head, ...lines];
  }

  private movement(
    event: RollEvent & { readonly type: 'join' | 'change' | 'leave' },
    time: string,
  ): string {
    const { instance, revision } = event;
    const before = this.known.get(instance.id);
    if (event.type === 'leave') this.known.delete(instance.id);
    else this.known.set(instance.id, instance);
    const what =
      event.type === 'leave'
        ? event.reason
        : event.type === 'join'
          ? placeAndState(instance)
          : describeChange(before, instance);
    return this.line([time, event.type, this.who(instance), what], revision);
  }

  private who(instance: Instance): string {
    return `${this.service}/${instance.id}`;
  }

  private line(
    [time, type, who, what]: [string, string, string, string],
    revision: number,
  ): string {
    const name = printable(who);
    const text = printable(what);
    this.whoWidth = Math.max(this.whoWidth, displayWidth(name));
    const whatWidth = Math.max(WHAT_WIDTH, displayWidth(text));
    const cells = [pad(time, 8), pad(type, 6), pad(name, this.whoWidth), pad(text, whatWidth)];
    return `${cells.join(' ')} rev ${revision}`;
  }
}

/** HOST:PORT, and the state unless it is the usual one. */
function placeAndState(instance: Instance): string {
  return instance.state === 'UP' ? place(instance) : `${place(instance)} ${instance.state}`;
}

export function place(instance: { readonly address: string; readonly port: number }): string {
  const { address, port } = instance;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What differs, the most telling first. */
export function describeChange(before: Instance | undefined, after: Instance): string {
  if (before === undefined) return placeAndState(after);
  const parts: string[] = [];
  if (before.state !== after.state) parts.push(after.state);
  if (place(before) !== place(after)) parts.push(place(after));
  if (before.weight !== after.weight) parts.push(`weight ${after.weight}`);
  if (before.zone !== after.zone) parts.push(`zone ${after.zone || 'none'}`);
  if (before.protocol !== after.protocol) parts.push(after.protocol);
  if (describeTags(before.tags) !== describeTags(after.tags)) {
    parts.push(`tags ${describeTags(after.tags) || 'none'}`);
  }
  if (describeTags(before.ports) !== describeTags(after.ports)) {
    parts.push(`ports ${describeTags(after.ports) || 'none'}`);
  }
  if (parts.length === 0 && before.incarnation !== after.incarnation) parts.push('claimed again');
  return parts.join(', ') || after.state;
}

/** Tags, or named ports: in order of their names, so that equal ones read equal. */
export function describeTags(tags: Readonly<Record<string, string | number>>): string {
  return Object.keys(tags)
    .sort()
    .map((key) => `${key}=${tags[key]}`)
    .join(',');
}
