/** What a client holds, gathered from its parts, in plain values. */
import type { Connection } from './core/connection.js';
import type { Links } from './core/links.js';
import type { Seen } from './core/plans.js';
import type { ServiceRegistration } from './discovery/registration.js';
import type { ClientDescription, Discovery } from './types.js';

export interface Held {
  readonly links: Links;
  readonly seen: Seen;
  /** Of the client itself, its sessions and its registrations. */
  readonly connections: readonly Connection[];
  readonly registrations: Iterable<ServiceRegistration>;
  readonly discoveries: Iterable<Discovery>;
}

export function describeClient(held: Held): ClientDescription {
  const { links, seen, connections, registrations, discoveries } = held;
  const described = connections.map((connection) => connection.describe());
  const sessions = described.map(({ session }) => session);
  return {
    state: links.state.value,
    endpoints: links.describe(),
    revision: seen.revision,
    sessions: sessions.filter((session) => session !== undefined),
    registrations: [...registrations].map((registration) => registration.describe()),
    discoveries: [...discoveries].map((discovery) => discovery.describe()),
    watches: described.flatMap((connection) => connection.watches),
  };
}
