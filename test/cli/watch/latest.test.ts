/** Goal: whoever is slower than the changes gets the latest state, never an old one, and never two at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Latest, latestOf } from '../../../src/cli/watch/latest.js';

/** Changes on demand. */
class Source implements AsyncIterable<number> {
  readonly #values: (number | Error | undefined)[] = [];
  #wake: () => void = () => {};

  push(...values: (number | Error | undefined)[]): void {
    this.#values.push(...values);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    for (;;) {
      while (this.#values.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const value = this.#values.shift();
      if (value === undefined) return;
      if (value instanceof Error) throw value;
      yield value;
    }
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('hands over single changes one by one', async () => {
  const source = new Source();
  const latest = latestOf(source, 0);
  source.push(1);
  expect((await latest.next()).value).toEqual({ value: 1, isMerged: false });
  source.push(2);
  expect((await latest.next()).value).toEqual({ value: 2, isMerged: false });
});

it('keeps only the latest of what came meanwhile', async () => {
  const source = new Source();
  const latest = latestOf(source, 0);
  source.push(1);
  await latest.next();
  source.push(2, 3, 4);
  await settle();
  expect((await latest.next()).value).toEqual({ value: 4, isMerged: true });
  source.push(5);
  expect((await latest.next()).value).toEqual({ value: 5, isMerged: false });
});

it('waits until changes pause, but for the first', async () => {
  const source = new Source();
  const latest = latestOf(source, 40);
  source.push(1);
  expect((await latest.next()).value).toEqual({ value: 1, isMerged: false });
  const next = latest.next();
  for (let i = 2; i <= 5; i++) {
    source.push(i);
    await sleep(5);
  }
  expect((await next).value).toEqual({ value: 5, isMerged: true });
});

it('does not wait for ever for changes to pause', async () => {
  const source = new Source();
  const latest = latestOf(source, 20);
  source.push(0);
  await latest.next();
  let count = 0;
  const storm = setInterval(() => source.push(++count), 5);
  const { value } = await latest.next().finally(() => clearInterval(storm));
  expect((value as Latest<number>).value).toBeGreaterThan(1);
});

it('hands over what it still holds when the source ends, and then ends', async () => {
  const source = new Source();
  source.push(1, 2, undefined);
  const seen: Latest<number>[] = [];
  for await (const each of latestOf(source, 0)) seen.push(each);
  expect(seen.at(-1)?.value).toBe(2);
});

it('fails as its source fails', async () => {
  const source = new Source();
  const latest = latestOf(source, 0);
  source.push(1);
  await latest.next();
  source.push(new Error('gone'));
  await expect(latest.next()).rejects.toThrow('gone');
});
