/**
 * Goal: the roll is told what the check says, once for each change, and again when it could not be told; probes
 * never overlap and a server that hangs is one that fails. Method: real servers, a roll that notes what it is told.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type CheckTerms, followCheck, type Told } from '../../../src/cli/check/follow.js';
import type { CheckTarget } from '../../../src/cli/check/target.js';
import type { Instance, InstanceState } from '../../../src/client/index.js';
import { RollcallError } from '../../../src/types/errors.js';
import { instance } from '../instances.js';
import { httpServer, silentServer } from './servers.js';

/** The part of a registration that a check talks to. */
class Roll implements Told {
  readonly #over = new AbortController();
  readonly signal = this.#over.signal;
  readonly told: InstanceState[] = [];
  readonly said: string[] = [];
  refusals = 0;

  async setState(state: InstanceState): Promise<Instance> {
    if (this.refusals-- > 0) throw new RollcallError('TIMEOUT', 'no', { outcome: 'unknown' });
    this.told.push(state);
    return instance({ state });
  }

  end(): void {
    this.#over.abort();
  }

  follow(target: CheckTarget, terms: Partial<CheckTerms> = {}): Promise<void> {
    const say = (text: string): void => void this.said.push(text);
    const timing = { intervalMs: 10, timeoutMs: 100, rise: 2, fall: 2 };
    onTestFinished(() => this.end());
    return followCheck(this, { target, ...timing, say, ...terms }, new AbortController().signal);
  }
}

const http = (port: number): CheckTarget => ({ type: 'http', url: `http://127.0.0.1:${port}/` });

it('tells each change once, with the reason for people', async () => {
  let status = 200;
  const port = await httpServer((_, response) => response.writeHead(status).end());
  const roll = new Roll();
  void roll.follow(http(port));
  await expect.poll(() => roll.told).toEqual(['UP']);
  status = 503;
  await expect.poll(() => roll.told).toEqual(['UP', 'DOWN']);
  status = 200;
  await expect.poll(() => roll.told).toEqual(['UP', 'DOWN', 'UP']);
  expect(roll.said).toContainEqual(expect.stringMatching(/^DOWN: it answered 503, rev \d+$/));
});

it('is not moved by a server that flaps faster than the thresholds', async () => {
  let asked = 0;
  const port = await httpServer((_, response) => {
    asked++;
    response.writeHead(asked % 2 === 0 ? 503 : 200).end();
  });
  const roll = new Roll();
  void roll.follow(http(port));
  await expect.poll(() => asked).toBeGreaterThan(12);
  expect(roll.told).toEqual([]);
});

it('takes a server that hangs for one that fails, and asks it one question at a time', async () => {
  let isHung = false;
  let open = 0;
  let most = 0;
  const port = await httpServer((_, response) => {
    most = Math.max(most, ++open);
    response.once('close', () => open--);
    if (!isHung) response.end();
  });
  const roll = new Roll();
  void roll.follow(http(port), { timeoutMs: 40 });
  await expect.poll(() => roll.told).toEqual(['UP']);
  isHung = true;
  await expect.poll(() => roll.told).toEqual(['UP', 'DOWN']);
  expect(most).toBe(1);
  expect(roll.said.join()).toContain('no answer within 40ms');
});

it('tells the roll again what it may not have heard', async () => {
  const port = await httpServer((_, response) => response.end());
  const roll = new Roll();
  roll.refusals = 3;
  void roll.follow(http(port));
  await expect.poll(() => roll.told).toEqual(['UP']);
  expect(roll.said.filter((text) => text.includes('not told to the cluster'))).toHaveLength(1);
});

it('tells a state again that was taken back while the roll could not be told', async () => {
  let status = 200;
  const port = await httpServer((_, response) => response.writeHead(status).end());
  const roll = new Roll();
  void roll.follow(http(port));
  await expect.poll(() => roll.told).toEqual(['UP']);
  roll.refusals = 1;
  status = 503;
  await expect.poll(() => roll.said.some((text) => text.startsWith('DOWN'))).toBe(true);
  status = 200;
  // The DOWN that nobody answered for may have been applied.
  await expect.poll(() => roll.told.at(-1)).toBe('UP');
  await expect.poll(() => roll.told.length).toBeGreaterThan(1);
});

it('says once that a server is not well yet, and never makes it DOWN before it was well', async () => {
  const port = await silentServer();
  const roll = new Roll();
  void roll.follow({ type: 'http', url: `http://127.0.0.1:${port}/` }, { timeoutMs: 10 });
  await expect.poll(() => roll.said).toEqual(['is not well yet: no answer within 10ms']);
  await sleep(0);
  expect(roll.told).toEqual([]);
});

it('ends with the registration, in the middle of a probe', async () => {
  const port = await silentServer();
  const roll = new Roll();
  const following = roll.follow(http(port), { timeoutMs: 60_000 });
  roll.end();
  await following;
  expect(roll.told).toEqual([]);
});
