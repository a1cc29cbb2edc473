/** A member with open nodes and one that only Ann may see, and clients of several identities. */
import type { Delivery, Query } from '../../src/server/service.js';
import type { AclEntry } from '../../src/types/node.js';
import { bytes, create } from '../tree/driver.js';
import { rev, Solo, TestClient } from './support.js';

export const ALL = 31;
export const onlyAnn: readonly AclEntry[] = [{ scheme: 'user', id: 'ann', permissions: ALL }];
export const ANN = ['user:ann'];
export const SECRET = bytes('top secret');

export function begin() {
  const solo = Solo.led();
  const admin = join(solo, ANN);
  admin.write(create('/a'));
  admin.write(create('/a/open', { data: bytes('plain') }));
  admin.write(create('/a/closed', { data: SECRET, acl: onlyAnn }));
  solo.turn();
  admin.take();
  return { solo, admin };
}

export function join(solo: Solo, identities: readonly string[]): TestClient {
  const client = new TestClient();
  client.attachment = solo.core.attach({ identities, ordered: true }, client.sink);
  return client;
}

export function ask(solo: Solo, client: TestClient, query: Query): Delivery | undefined {
  const request = { type: 'read', id: 901, timeoutMs: 0, consistency: 'session' } as const;
  client.submit({ ...request, query, floor: rev(0) });
  solo.turn();
  return client.deliveries.findLast((one) => 'id' in one && one.id === 901);
}

/** Everything that a client was handed, as text: for what must not be in it. */
export function everything(client: TestClient): string {
  return JSON.stringify(client.deliveries, (_, value: unknown) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
  );
}

export const setAcl = (path: string, acl: readonly AclEntry[]) =>
  ({ kind: 'setAcl', path, acl, version: -1 }) as const;
