/** What others decide about an instance before its own client looks at it is final all the same. */
import { expect, test } from 'vitest';
import { startTestCluster } from '../../src/testing/index.js';
import { isRollcallError } from '../../src/types/errors.js';
import { until } from '../support/drill.js';

const PLACE = { address: '10.0.0.1', port: 80 };

test('an instance that is removed as soon as it stands is DEREGISTERED, and does not come back', async () => {
  await using cluster = await startTestCluster({ members: 1 });
  const [mine, other] = [cluster.connect(), cluster.connect()];
  await Promise.all([mine.ready(), other.ready()]);
  let removed = 0;
  for (let i = 0; i < 20; i++) {
    const asked = mine.register('web', PLACE, { id: `i${i}` });
    const removal = other.deregister('web', `i${i}`).then(
      () => true,
      (error) => !isRollcallError(error, 'NO_NODE'),
    );
    const registration = await asked;
    if (!(await removal)) continue;
    removed++;
    await until(() => registration.signal.aborted, 'told that it was removed');
    expect(registration.state).toBe('DEREGISTERED');
  }
  const { instances } = await other.instances('web');
  expect(instances).toHaveLength(20 - removed);
});
