/**
 * Goal: clients that do what ours does not (two sessions on one connection, floods of touches, a watch ended
 * before it began) harm nobody and leave nothing behind. Method: a cluster of one, turn by turn.
 */
import { expect, test } from 'vitest';
import { Solo } from './support.js';

const create = (path: string) =>
  ({
    kind: 'create',
    path,
    nodeKind: 'persistent',
    sequential: false,
    data: new Uint8Array(0),
    ttlMs: 0,
    acl: [],
  }) as const;

test('a connection that opens a second session is not told of the end of the first', () => {
  const solo = Solo.led();
  const client = solo.connectSession(1);
  const first = client.session;
  client.open(2);
  solo.turn();
  expect(client.take()).toEqual(['2 attached']);
  const other = solo.connect();
  other.attachSession(first, 1);
  solo.turn();
  const id = client.write(create('/a'), 1);
  solo.turn();
  expect(client.take()).toEqual([`${id} created`]);
});

test('a watch that ends before it began never begins', () => {
  const solo = Solo.led();
  const client = solo.connect();
  const id = client.watch('/', solo.core.tree.revision + 2, 7);
  client.submit({ type: 'unwatch', watch: 7 });
  solo.turn();
  expect(client.take()).toEqual([`${id} ABORTED`]);
  for (const path of ['/a', '/b', '/c']) client.write(create(path));
  solo.turn();
  expect(client.take()).toEqual(['2 created', '3 created', '4 created']);
  expect(solo.core.figures().watches).toBe(0);
});

test('of many touches between two reports the last is answered', () => {
  const solo = Solo.led();
  const client = solo.connectSession(1);
  for (let number = 1; number <= 1000; number++) client.submit({ type: 'touch', number });
  solo.pass(300);
  expect(client.take()).toEqual(['touched 1000']);
});
