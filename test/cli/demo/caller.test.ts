import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { Caller } from '../../../src/cli/demo/caller.js';
import { connect } from '../../../src/client/index.js';
import { Harness } from '../../faces/grpc/harness.js';
import { until } from '../../support/drill.js';

test('requests under way when the demonstration ends are answered, not counted as failed', async () => {
  const harness = await Harness.start();
  onTestFinished(() => harness.stop());
  const client = connect(harness.address, { learnMembers: false });
  onTestFinished(() => client.close());
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    setTimeout(() => response.end(), 100);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await client.register('web', server, { drainOnSigterm: false });
  const discovery = await client.discover('web').ready();
  const caller = new Caller(discovery);
  caller.start();
  await until(() => caller.ok >= 3, 'the caller calls');
  await caller.stop();
  await until(() => caller.ok + caller.failed >= asked, 'every request has come to its end');
  expect([caller.ok, caller.failed]).toEqual([asked, 0]);
});
