/** The watch hub against a slow twin: whatever happens in whatever order, nothing is missed or told twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery, WatchScope } from '../../src/server/service.js';
import type { CommandBody } from '../../src/types/command.js';
import type { TreeEvent } from '../../src/types/event.js';
import { isWithin, parentPath } from '../../src/types/path.js';
import { create, remove, set } from '../tree/driver.js';
import { type EventsDelivery, Setting } from './watch-setting.js';

const PATHS = ['/a', '/a/b', '/a/c', '/d'];
const SCOPES: readonly WatchScope[] = ['node', 'children', 'subtree'];

/** What a client that believes every delivery knows. */
class Belief {
  nodes = new Map<string, number>();
  revision = 0;
  readonly #scope: WatchScope;
  readonly #all: readonly TreeEvent[];

  constructor(scope: WatchScope, all: readonly TreeEvent[]) {
    this.#scope = scope;
    this.#all = all;
  }

  take(delivery: Delivery): void {
    if (delivery.type === 'snapshot') this.#show(delivery);
    if (delivery.type === 'events') this.#hear(delivery.batch);
  }

  #show({ nodes, revision }: Delivery & { type: 'snapshot' }): void {
    expect(revision).toBeGreaterThanOrEqual(this.revision);
    this.revision = revision;
    this.nodes = new Map(nodes.map(({ path, stat }) => [path, stat.modifyRevision]));
  }

  #hear({ revision, events }: EventsDelivery['batch']): void {
    const missed = this.#all.filter(
      (event) =>
        event.revision > this.revision && event.revision <= revision && this.#isMine(event),
    );
    expect(events).toEqual(missed);
    expect(new Set(events.map((event) => event.revision))).toEqual(new Set([revision]));
    this.revision = revision;
    for (const { type, path, stat } of events)
      if (type === 'deleted') this.nodes.delete(path);
      else this.nodes.set(path, stat.modifyRevision);
  }

  #isMine({ path }: TreeEvent): boolean {
    if (this.#scope === 'node') return path === '/a';
    return this.#scope === 'children' ? parentPath(path) === '/a' : isWithin(path, '/a');
  }
}

const step = fc.record({
  type: fc.constantFrom(
    'create',
    'create',
    'set',
    'delete',
    'both',
    'block',
    'drain',
    'flush',
    'restart',
  ),
  which: fc.nat(),
});

function changeOf(type: string, which: number): CommandBody | undefined {
  const path = PATHS[which % PATHS.length]!;
  if (type === 'create') return create(path);
  if (type === 'set') return set(path, `${which}`);
  if (type === 'delete') return remove(path);
  if (type !== 'both') return undefined;
  return { kind: 'transact', guards: [], operations: [set('/a'), create('/a/b'), set('/a/b')] };
}

describe('whatever is changed, blocked, drained and started anew in whatever order', () => {
  it('every reader is told everything once and in order, or shown a marked snapshot', () => {
    const history = fc.constantFrom(2, 5, 1_000);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), history, (steps, historyEventsMax) => {
        const setting = new Setting(historyEventsMax);
        const all: TreeEvent[] = [];
        const readers = SCOPES.map((scope) => setting.reader('/a', scope, 'snapshot'));
        const beliefs = SCOPES.map((scope) => new Belief(scope, all));
        const flush = (i: number) => {
          readers[i]!.flush();
          for (const one of readers[i]!.client.deliveries.splice(0)) beliefs[i]!.take(one);
        };
        for (const { type, which } of steps) {
          const i = which % readers.length;
          const change = changeOf(type, which);
          if (change !== undefined) all.push(...setting.do(change));
          if (type === 'block') readers[i]!.block();
          if (type === 'drain') readers[i]!.drain();
          if (type === 'flush') flush(i);
          if (type === 'restart') {
            flush(i);
            if (readers[i]!.gate.isBlocked) continue;
            readers[i]!.watch('/a', SCOPES[i]!, beliefs[i]!.revision);
          }
        }
        for (let i = 0; i < readers.length; i++) {
          readers[i]!.drain();
          flush(i);
          const fresh = setting.reader('/a', SCOPES[i]!, 'snapshot');
          fresh.flush();
          const truth = new Belief(SCOPES[i]!, all);
          for (const one of fresh.client.deliveries) truth.take(one);
          expect(beliefs[i]!.nodes).toEqual(truth.nodes);
          expect(readers[i]!.gate.laggingCount).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
