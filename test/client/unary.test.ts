/** Calls of their own: who is asked next, what may be asked twice, and what a failure says of its effect. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Question, UnaryCalls } from '../../src/client/core/unary.js';
import { services } from '../../src/rpc/definitions.js';
import { RollcallError } from '../../src/types/errors.js';
import { A, B, countListeners, failure, setUp } from './connection-setup.js';
import { firstChoice } from './test-time.js';

const METHOD = services.Tree.SetQuota;
type Kind = Question<unknown, unknown>['kind'];

function setUpCalls() {
  const { cluster, links, time } = setUp();
  onTestFinished(() => links.close());
  const terms = { links, time, random: firstChoice, open: cluster.open };
  const calls = new UnaryCalls({ ...terms, timeoutMs: 2_000, failFast: true });
  const ask = (kind: Kind, options = {}) =>
    calls.ask({ method: METHOD, request: {}, kind, memberMsMax: 30 }, options);
  const answers = (endpoint: string, answer: () => unknown): void => {
    cluster.member(endpoint).answers.set(METHOD.path, answer);
  };
  const asked = () => [A, B].map((each) => cluster.member(each).asked.length);
  return { cluster, ask, answers, asked };
}

function fails(code: 'UNAVAILABLE' | 'DENIED' | 'NO_QUORUM', outcome: 'not-applied' | 'unknown') {
  return (): never => {
    throw new RollcallError(code, 'as told', { outcome });
  };
}

describe('a read', () => {
  test.each(['down', 'hung'])('goes to another member when the first is %s', async (state) => {
    const { cluster, ask, answers } = setUpCalls();
    if (state === 'down') cluster.member(A).isDown = true;
    else cluster.member(A).isHung = true;
    answers(B, () => ({ revision: 7 }));
    expect(await ask('read')).toEqual({ answer: { revision: 7 }, endpoint: B });
  });

  test('that fails everywhere was certainly without effect', async () => {
    const { ask, answers } = setUpCalls();
    for (const endpoint of [A, B]) answers(endpoint, fails('UNAVAILABLE', 'unknown'));
    expect(await failure(ask('read'))).toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
    });
  });

  test('waits for a quorum, and asks again', async () => {
    const { ask, answers, asked } = setUpCalls();
    let times = 0;
    answers(A, () => (times++ < 2 ? fails('NO_QUORUM', 'not-applied')() : { revision: 7 }));
    expect(await ask('read')).toMatchObject({ endpoint: A });
    expect(asked()).toEqual([3, 0]);
  });
});

describe('an act', () => {
  test('that is not to be done twice is not sent again once it may have been applied', async () => {
    const { ask, answers, asked } = setUpCalls();
    for (const endpoint of [A, B]) answers(endpoint, fails('UNAVAILABLE', 'unknown'));
    expect(await failure(ask('once'))).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
    expect(asked()).toEqual([1, 0]);
  });

  test('that certainly was not applied is sent again, whatever it is', async () => {
    const { ask, answers } = setUpCalls();
    answers(A, fails('UNAVAILABLE', 'not-applied'));
    answers(B, () => ({ revision: 7 }));
    expect(await ask('once')).toMatchObject({ endpoint: B });
  });

  test('that may be done twice is, and what the first did is not undone by a later refusal', async () => {
    const { ask, answers, asked } = setUpCalls();
    answers(A, fails('UNAVAILABLE', 'unknown'));
    answers(B, fails('DENIED', 'not-applied'));
    expect(await failure(ask('repeatable'))).toMatchObject({ code: 'DENIED', outcome: 'unknown' });
    expect(asked()).toEqual([1, 1]);
  });

  test('that its caller aborts under way says that it is not known', async () => {
    const { cluster, ask } = setUpCalls();
    cluster.member(A).isHung = true;
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const asking = failure(ask('once', { signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    expect(await asking).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    expect(listeners()).toBe(0);
  });
});

test('a deadline that has come ends it, hung or not', async () => {
  const { cluster, ask } = setUpCalls();
  for (const endpoint of [A, B]) cluster.member(endpoint).isHung = true;
  const error = await failure(ask('once', { timeoutMs: 40 }));
  expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
});

test('an endpoint that is none is refused', async () => {
  const { ask } = setUpCalls();
  expect(await failure(ask('read', { endpoint: 'nowhere' }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});
