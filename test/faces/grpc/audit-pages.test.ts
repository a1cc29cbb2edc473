/** Goal: the audit can be read to its beginning with the message size that gRPC clients take by default. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import { Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const { Cluster, Tree } = services;

test('acts with the longest words come in pages that every client takes, none left out', async () => {
  const word = 'w'.repeat(1_000);
  const path = `/${Array.from({ length: 16 }, () => 'p'.repeat(250)).join('/')}`;
  await harness.call(Tree.SetQuota, { path: '/', nodesMax: 1_000_000, who: 'op', reason: 'first' });
  let at = '';
  for (const part of path.split('/').slice(1)) {
    at = `${at}/${part}`;
    await harness.call(Tree.Create, { path: at });
  }
  const acts = Array.from({ length: 800 }, (_, i) => i + 1);
  for (let from = 0; from < acts.length; from += 200)
    await Promise.all(
      acts
        .slice(from, from + 200)
        .map((nodesMax) =>
          harness.call(Tree.SetQuota, { path, nodesMax, who: word, reason: word }),
        ),
    );
  const revisions: number[] = [];
  let before = 0;
  do {
    const page = await harness.call(Cluster.Audit, { before });
    revisions.push(...page.entries.map(({ revision }) => revision));
    before = page.nextBefore;
  } while (before > 0);
  expect(new Set(revisions).size).toBe(801);
  expect(revisions).toEqual([...revisions].sort((a, b) => b - a));
});
