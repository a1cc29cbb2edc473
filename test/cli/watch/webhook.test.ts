/** Goal: a receiver is told in spite of passing trouble, and not for ever. Method: real servers that fail first. */
import type { IncomingHttpHeaders } from 'node:http';
import { expect, it } from 'vitest';
import { instanceRow } from '../../../src/cli/rows.js';
import type { Notice } from '../../../src/cli/watch/notice.js';
import { postNotice, type WebhookTiming } from '../../../src/cli/watch/webhook.js';
import { closedPort, httpServer } from '../check/servers.js';
import { instance } from '../instances.js';

const NOTICE: Notice = {
  type: 'join',
  time: '2026-01-01T00:00:00.000Z',
  revision: 7,
  service: 'web',
  instance: instanceRow(instance()),
  instances: [],
};
const FAST: WebhookTiming = { timeoutMs: 150, tries: 4, pauseMs: 1, pauseMsMax: 4 };

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers with these in turn, the last one for ever; `hang` gives none. */
async function receiver(...answers: (number | 'hang')[]) {
  const received: Received[] = [];
  const port = await httpServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      const answer = answers[Math.min(received.length, answers.length) - 1]!;
      if (answer !== 'hang') response.writeHead(answer, { location: '/elsewhere' }).end();
    });
  });
  return { url: `http://127.0.0.1:${port}/roll`, received };
}

function post(url: string, signal = new AbortController().signal) {
  return postNotice(url, NOTICE, { timing: FAST, signal });
}

it('posts the notice as JSON, with its revision and a key of its own', async () => {
  const { url, received } = await receiver(204);
  expect(await post(url)).toBeUndefined();
  expect(JSON.parse(received[0]!.body)).toEqual(NOTICE);
  expect(received[0]!.headers).toMatchObject({
    'content-type': 'application/json',
    'rollcall-revision': '7',
    'idempotency-key': 'web/7/join/blue',
  });
});

it('tries again after 5xx and after silence, with the same key', async () => {
  const { url, received } = await receiver(500, 'hang', 503, 200);
  expect(await post(url)).toBeUndefined();
  const keys = received.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual(Array(4).fill('web/7/join/blue'));
});

it('gives up after so many tries, and says why', async () => {
  const { url, received } = await receiver(500);
  expect(await post(url)).toEqual({ reason: 'it answered 500', tries: 4 });
  expect(received).toHaveLength(4);
  const closed = `http://127.0.0.1:${await closedPort()}/`;
  expect(await post(closed)).toEqual({ reason: 'ECONNREFUSED', tries: 4 });
});

it.each([301, 400, 404, 410, 422])('does not try again what was answered %i', async (status) => {
  const { url, received } = await receiver(status, 200);
  expect(await post(url)).toEqual({ reason: `it answered ${status}`, tries: 1 });
  expect(received).toHaveLength(1);
});

it('tries no further when it is to stop', async () => {
  const stop = new AbortController();
  const port = await httpServer((_, response) => {
    stop.abort();
    response.writeHead(500).end();
  });
  const undelivered = await post(`http://127.0.0.1:${port}/`, stop.signal);
  expect(undelivered).toEqual({ reason: 'it answered 500', tries: 1 });
});
