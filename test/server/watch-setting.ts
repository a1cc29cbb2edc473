/** A watch hub over a real tree, and connections that can be full: what they are told, turn by turn. */
import type { Gate } from '../../src/server/clients/gate.js';
import type { Delivery, WatchScope } from '../../src/server/service.js';
import { WatchHub } from '../../src/server/watches/watch-hub.js';
import { Tree } from '../../src/tree/tree.js';
import type { CommandBody } from '../../src/types/command.js';
import type { TreeEvent } from '../../src/types/event.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../src/types/limits.js';
import { Driver } from '../tree/driver.js';
import { loneGate, rev, type TestClient } from './support.js';

export type EventsDelivery = Delivery & { type: 'events' };
type Start = 'now' | 'snapshot' | number;

class Reader {
  readonly gate: Gate;
  readonly client: TestClient;
  readonly #hub: WatchHub;

  constructor(hub: WatchHub) {
    const { gate, client } = loneGate();
    this.gate = gate;
    this.client = client;
    this.#hub = hub;
  }

  watch(path: string, scope: WatchScope, start: Start, watch = 1): void {
    const from = typeof start === 'number' ? rev(start) : start;
    this.#hub.start(this.gate, {
      type: 'watch',
      id: 1,
      timeoutMs: 0,
      watch,
      path,
      scope,
      start: from,
    });
  }

  /** As at the end of a turn. */
  flush(): void {
    if (this.gate.laggingCount > 0 && !this.gate.isBlocked) this.#hub.catchUp(this.gate);
    this.gate.flush(0);
  }

  block(): void {
    this.client.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
  }

  drain(): void {
    this.client.unsent = 0;
    this.gate.drained();
  }

  take(): string[] {
    this.flush();
    return this.client.take();
  }
}

export class Setting {
  readonly driver: Driver;
  readonly hub: WatchHub;

  constructor(historyEventsMax = 100_000) {
    this.driver = new Driver(new Tree({ historyEventsMax }));
    this.driver.isChecking = false;
    this.hub = new WatchHub(this.driver.tree);
  }

  reader(path = '/a', scope: WatchScope = 'children', start: Start = 'now'): Reader {
    const reader = new Reader(this.hub);
    reader.watch(path, scope, start);
    return reader;
  }

  do(...bodies: readonly CommandBody[]): readonly TreeEvent[] {
    return bodies.flatMap((body) => {
      const { events } = this.driver.apply(body);
      this.hub.publish(events);
      return events;
    });
  }
}
