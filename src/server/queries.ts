/** Reads of the state as it is now. When they may run is decided elsewhere. */
import { servicePath } from '../codec/instance.js';
import type { Tree } from '../tree/tree.js';
import { unreachable } from '../types/assert.js';
import { PAGE_BYTES_MAX, PAGE_NODES_MAX } from '../types/limits.js';
import type { Answer, Query } from './service.js';

export function evaluate(tree: Tree, query: Query): Answer {
  switch (query.type) {
    case 'get':
      return { type: 'node', node: tree.get(query.path) };
    case 'list':
      return listChildren(tree, query);
    case 'instances':
      return listInstances(tree, query.service);
    case 'services':
      return listServices(tree, query.after, query.limit);
    default:
      return unreachable(query);
  }
}

function listChildren(tree: Tree, query: Query & { type: 'list' }): Answer {
  const { after, withData } = query;
  const page = { after, withData, limit: pageLimit(query.limit), bytesMax: PAGE_BYTES_MAX };
  const children = tree.children(query.path, page);
  return { type: 'nodes', nodes: children?.nodes, more: children?.more ?? false };
}

/** All of a service: a caller's balancer needs the whole roll at one revision. */
function listInstances(tree: Tree, service: string): Answer {
  const all = { limit: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  const page = { ...all, withData: true, order: 'creation' as const };
  return {
    type: 'nodes',
    nodes: tree.children(servicePath(service), page)?.nodes ?? [],
    more: false,
  };
}

function listServices(tree: Tree, after: string, limit: number): Answer {
  const { services, more } = tree.services({ after, limit: pageLimit(limit) });
  return {
    type: 'services',
    services: services.map(({ name, count }) => ({ name, instances: count })),
    more,
  };
}

function pageLimit(wanted: number): number {
  return wanted > 0 && wanted < PAGE_NODES_MAX ? wanted : PAGE_NODES_MAX;
}
