/**
 * Reads of the state as it is now, by whoever has the asker's identities. When they may run is decided
 * elsewhere. What the asker may not read is left out of lists, and refused when it was asked for by name.
 */
import { instancePath, SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import type { Tree } from '../../tree/tree.js';
import { unreachable } from '../../types/assert.js';
import { NO_INDEX } from '../../types/ids.js';
import { PAGE_BYTES_MAX, PAGE_NODES_MAX } from '../../types/limits.js';
import type { OverrideOf } from '../../types/node.js';
import { NO_SETTINGS } from '../../types/settings.js';
import type { Answer, Query } from '../service.js';
import type { WatchHub } from '../watches/watch-hub.js';

export interface Asker {
  readonly identities: readonly string[];
  readonly hub: Pick<WatchHub, 'subscribersOf'>;
}

export function evaluate(tree: Tree, query: Query, asker: Asker): Answer {
  const closed = placesOf(query).find((path) => !tree.mayRead(path, asker.identities));
  if (closed !== undefined) return { type: 'denied', path: closed };
  switch (query.type) {
    case 'get':
      return { type: 'node', node: tree.get(query.path) };
    case 'acl':
      return { type: 'acl', found: tree.aclOf(query.path) };
    case 'list':
    case 'subtree':
    case 'instances':
      return listNodes(tree, query, asker.identities);
    case 'services':
    case 'service':
    case 'overrides':
    case 'departures':
      return ofCatalog(tree, query, asker);
    case 'quotas':
    case 'sessions':
    case 'session':
    case 'audit':
      return ofCluster(tree, query, asker.identities);
    default:
      return unreachable(query);
  }
}

/** The nodes that must be readable; nothing is found out about what is below one that is not. */
function placesOf(query: Query): readonly string[] {
  switch (query.type) {
    case 'get':
    case 'list':
    case 'subtree':
    case 'acl':
      return [query.path];
    case 'instances':
    case 'service':
      return [servicePath(query.service)];
    case 'departures': {
      // An instance that is gone has no list of its own any more.
      const service = servicePath(query.service);
      return query.id === '' ? [service] : [service, instancePath(query.service, query.id)];
    }
    case 'overrides':
      return [query.service === '' ? SERVICES_ROOT : servicePath(query.service)];
    case 'services':
      return [SERVICES_ROOT];
    default:
      return [];
  }
}

type NodesQuery = Query & { readonly type: 'list' | 'subtree' | 'instances' };

function listNodes(tree: Tree, query: NodesQuery, identities: readonly string[]): Answer {
  const limits = { limit: pageLimit(query.limit), bytesMax: PAGE_BYTES_MAX, identities };
  const page = nodesOf(tree, query, limits);
  if (page === 'denied') return { type: 'denied', path: placesOf(query)[0]! };
  const absent = query.type === 'instances' ? [] : undefined;
  return { type: 'nodes', nodes: page?.nodes ?? absent, more: page?.more ?? false };
}

function nodesOf(
  tree: Tree,
  query: NodesQuery,
  limits: {
    readonly limit: number;
    readonly bytesMax: number;
    readonly identities: readonly string[];
  },
) {
  switch (query.type) {
    case 'list': {
      const { path, after, withData } = query;
      return tree.children(path, { ...limits, after, withData });
    }
    case 'subtree': {
      const { path, after, withData } = query;
      if (tree.get(path) === undefined) return undefined;
      return tree.subtree(path, { ...limits, withData, ...(after === '' ? {} : { after }) });
    }
    case 'instances': {
      const after = query.after === undefined ? {} : { after: query.after };
      const page = { ...limits, withData: true, order: 'creation' as const, ...after };
      return tree.children(servicePath(query.service), page);
    }
    default:
      return unreachable(query);
  }
}

type CatalogQuery = Query & {
  readonly type: 'services' | 'service' | 'overrides' | 'departures';
};

function ofCatalog(tree: Tree, query: CatalogQuery, asker: Asker): Answer {
  switch (query.type) {
    case 'services':
      return listServices(tree, query);
    case 'service':
      return viewService(tree, query.service, asker);
    case 'overrides': {
      const { service, after } = query;
      const limit = pageLimit(query.limit);
      const isShown = (of: OverrideOf) => tree.mayRead(servicePath(of.service), asker.identities);
      const page = tree.overridesPage({ service, after, limit, isShown });
      return { type: 'overrides', overrides: page.overrides, more: page.more };
    }
    case 'departures':
      return { type: 'departures', departures: departuresOf(tree, query) };
    default:
      return unreachable(query);
  }
}

function departuresOf(tree: Tree, { service, id }: Query & { readonly type: 'departures' }) {
  return id === '' ? tree.departures(service) : tree.departures(service, id);
}

function listServices(tree: Tree, query: Query & { readonly type: 'services' }): Answer {
  const { services, more } = tree.services({ after: query.after, limit: pageLimit(query.limit) });
  const shown = services.map(({ name, count }) => ({ name, instances: count }));
  return { type: 'services', services: shown, more };
}

function viewService(tree: Tree, service: string, asker: Asker): Answer {
  const node = tree.get(servicePath(service));
  const known = tree.settings(service);
  const view = {
    service,
    exists: node !== undefined,
    settings: known?.settings ?? NO_SETTINGS,
    version: known?.version ?? 0,
    settingsRevision: known?.revision ?? NO_INDEX,
    instances: node?.stat.childCount ?? 0,
    subscribers: asker.hub.subscribersOf(service),
  };
  return { type: 'service', service: view };
}

type ClusterQuery = Query & { readonly type: 'quotas' | 'sessions' | 'session' | 'audit' };

function ofCluster(tree: Tree, query: ClusterQuery, identities: readonly string[]): Answer {
  switch (query.type) {
    case 'quotas':
      return {
        type: 'quotas',
        quotas: tree.quotas().filter(({ path }) => tree.mayRead(path, identities)),
      };
    case 'sessions': {
      const page = tree.sessionInfos({ after: query.after, limit: pageLimit(query.limit) });
      return { type: 'sessions', sessions: page.sessions, more: page.more };
    }
    case 'session': {
      const { session, after } = query;
      const isShown = (path: string) => tree.mayFind(path, identities);
      const limit = pageLimit(query.limit);
      const { paths, more } = tree.ephemeralsPage(session, { after, limit, isShown });
      return { type: 'session', session: tree.sessionInfo(session), paths, more };
    }
    case 'audit': {
      const page = tree.audit({ before: query.before, limit: pageLimit(query.limit) });
      return { type: 'audit', entries: page.entries, more: page.more };
    }
    default:
      return unreachable(query);
  }
}

function pageLimit(wanted: number): number {
  return wanted > 0 && wanted < PAGE_NODES_MAX ? wanted : PAGE_NODES_MAX;
}
