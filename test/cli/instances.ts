/** Instances for tests, complete but for what a test cares about. */
import { asRevision } from '../../src/types/ids.js';
import type { Instance } from '../../src/types/instance.js';

export function instance(fields: Partial<Instance> = {}): Instance {
  return {
    service: 'web',
    id: 'blue',
    address: '127.0.0.1',
    port: 41873,
    ports: {},
    protocol: 'http',
    basePath: '',
    weight: 100,
    zone: '',
    tags: {},
    state: 'UP',
    registeredAt: 0,
    sequence: 0,
    revision: asRevision(118),
    createRevision: asRevision(118),
    ordinal: 0,
    incarnation: asRevision(118),
    url: 'http://127.0.0.1:41873',
    overridden: false,
    ...fields,
  };
}
