/** Many clients in one process: connections that take long because there are so many are not given up. */
import { expect, test } from 'vitest';
import { Dials } from '../../src/client/core/dials.js';
import { A, setUp } from './connection-setup.js';

test('each connection that is being made allows the others some more time, up to a bound', () => {
  const dials = new Dials();
  expect(dials.allowanceMs).toBe(0);
  const ends = Array.from({ length: 101 }, () => dials.began());
  expect(dials.allowanceMs).toBe(1_000);
  for (const end of [...ends, ...ends]) end();
  expect(dials.allowanceMs).toBe(0);
  for (let i = 0; i < 100_000; i++) dials.began();
  expect(dials.allowanceMs).toBe(30_000);
});

/** How often a member that takes two seconds to accept a connection was dialled by then. */
async function dialled(others: number): Promise<number> {
  const dials = new Dials();
  for (let i = 0; i < others; i++) dials.began();
  const { cluster, time, tree } = setUp({ endpoints: [A], dials });
  const member = cluster.member(A);
  member.isHung = true;
  const read = tree.get('/');
  await time.advance(2_000);
  member.isHung = false;
  await time.advance(1_000);
  await read;
  return member.connections;
}

test('a slow connection is given up when this process makes few, and awaited when it makes many', async () => {
  expect(await dialled(0)).toBeGreaterThan(1);
  expect(await dialled(500)).toBe(1);
});
