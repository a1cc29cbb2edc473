/** Goal: what is offered after Tab is what the command can answer, also of those who left. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { liveNames } from '../../../src/cli/completion/live.js';
import type { Place } from '../../../src/cli/completion/place.js';
import { startTestCluster, type TestCluster } from '../../../src/testing/index.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster({ members: 1 });
});

afterAll(() => cluster.close());

it('instances are those on the roll, then those that left, with how', async () => {
  const client = cluster.connect();
  await client.register('web', { port: 1 }, { id: 'here' });
  for (const id of ['gone', 'here-again']) {
    await (await client.register('web', { port: 2 }, { id })).close();
  }
  await client.register('web', { port: 2 }, { id: 'here-again' });
  const place: Place = {
    word: 'web/',
    before: '',
    candidates: [],
    endpoints: undefined,
    live: 'instances',
  };
  expect(await liveNames(client, place)).toEqual([
    { value: 'web/here', about: '127.0.0.1:1 UP' },
    { value: 'web/here-again', about: '127.0.0.1:2 UP' },
    { value: 'web/gone', about: 'left: closed' },
  ]);
});
