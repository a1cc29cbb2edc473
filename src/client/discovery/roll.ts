/** The roll of one service as a feed of events, each with its time and revision. */
import { servicePath } from '../../codec/instance.js';
import type { Time } from '../core/time.js';
import type { RollEvent, RollOptions, Tree, WatchEvent } from '../types.js';
import { type RollChange, RollView } from './view.js';

export async function* followRoll(
  tree: Tree,
  service: string,
  { filter, signal, time }: RollOptions & { readonly time: Time },
): AsyncGenerator<RollEvent, void, undefined> {
  const view = new RollView(filter);
  for await (const event of tree.watch(servicePath(service), { scope: 'children', signal })) {
    yield* rollEvents(view, event, time.wallMs());
  }
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
