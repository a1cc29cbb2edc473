/** A connection to members in memory, for the tests of what it does. */
import { getEventListeners } from 'node:events';
import { Connection, type ConnectionOptions } from '../../src/client/core/connection.js';
import { Dials } from '../../src/client/core/dials.js';
import { Endpoints } from '../../src/client/core/endpoints.js';
import { Links } from '../../src/client/core/links.js';
import { NO_LOG } from '../../src/client/core/log.js';
import { type Namespace, NO_NAMESPACE } from '../../src/client/core/namespace.js';
import { TreeCalls } from '../../src/client/core/tree-calls.js';
import type { RollcallError } from '../../src/types/errors.js';
import { firstChoice, TestTime } from './test-time.js';
import { TwinCluster } from './twin.js';

export const A = 'a:1';
export const B = 'b:1';

interface Setup extends Partial<Pick<ConnectionOptions, 'session' | 'failFast' | 'timeoutMs'>> {
  readonly endpoints?: readonly string[];
  readonly namespace?: Namespace;
  readonly dials?: Dials;
}

export function setUp({
  endpoints = [A, B],
  namespace = NO_NAMESPACE,
  dials = new Dials(),
  ...options
}: Setup = {}) {
  const cluster = new TwinCluster(endpoints);
  const time = new TestTime();
  const random = firstChoice;
  const links = new Links({
    endpoints: new Endpoints(endpoints, random),
    open: cluster.open,
    time,
    random,
    learnMembers: false,
    log: NO_LOG,
    dials,
  });
  const session = { timeoutMs: 10_000, graceMs: 0, isLazy: true };
  const connection = new Connection({
    ...{ links, time, random, seen: { revision: 0 } },
    ...{ session, timeoutMs: 5_000, failFast: false, label: 'test', log: NO_LOG },
    ...options,
  });
  return { cluster, time, links, connection, tree: new TreeCalls(connection, namespace) };
}

export function failure(call: Promise<unknown>): Promise<RollcallError> {
  return call.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error) => error,
  );
}

/** How many wait for it to abort. */
export function countListeners(signal: AbortSignal): () => number {
  return () => getEventListeners(signal, 'abort').length;
}
