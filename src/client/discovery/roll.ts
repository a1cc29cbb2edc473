/** The roll of one service as a feed of events, each with its time and revision. */
import { servicePath } from '../../codec/instance.js';
import { reader } from '../core/reader.js';
import type { Time } from '../core/time.js';
import type { TreeWatch } from '../core/watch.js';
import type { RollEvent, RollOptions, WatchEvent } from '../types.js';
import { type RollChange, RollView } from './view.js';

export interface RollHost {
  readonly time: Time;
  watch(path: string, signal: AbortSignal): TreeWatch;
}

/** Bounded like every watch: a reader that is too slow is shown the differences, marked, and goes on. */
export function followRoll(
  host: RollHost,
  service: string,
  { filter, signal }: RollOptions,
): AsyncIterable<RollEvent> {
  return reader(async function* (over) {
    const view = new RollView(filter);
    for await (const event of host.watch(servicePath(service), over)) {
      yield* rollEvents(view, event, host.time.wallMs());
    }
  }, signal);
}

/** After a gap: what differs, marked, and then the whole list, marked. */
export function rollEvents(view: RollView, event: WatchEvent, time: number): RollEvent[] {
  switch (event.type) {
    case 'snapshot': {
      const { revision, marked } = event;
      const differences = view.replace(event.nodes, revision);
      const shown = marked ? differences.map((change) => ({ ...change, time, marked })) : [];
      const { instances } = view;
      return [...shown, { type: 'snapshot', time, revision, instances, marked }];
    }
    case 'change':
      return view.apply(event.changes, event.revision).map((change) => plain(change, time));
    case 'stale':
      return [{ type: 'stale', time, revision: view.revision, ageMs: event.ageMs }];
    default:
      view.confirm(event.revision);
      return [{ type: 'live', time, revision: event.revision }];
  }
}

function plain(change: RollChange, time: number): RollEvent {
  return { ...change, time, marked: false };
}
