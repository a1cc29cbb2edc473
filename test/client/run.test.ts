/** Calls to picked instances: accounting, one retry, deadlines; and slow readers of watches and states. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Pick } from '../../src/client/balancers/balancer.js';
import { EventBuffer } from '../../src/client/core/buffer.js';
import { StateCell } from '../../src/client/core/states.js';
import { CountedPick } from '../../src/client/discovery/picked.js';
import { wasRefused } from '../../src/client/discovery/refused.js';
import { runPicked } from '../../src/client/discovery/run.js';
import type { PickOptions } from '../../src/client/index.js';
import { RollcallError } from '../../src/types/errors.js';

function pool(...ids: readonly string[]) {
  const picks = ids.map(
    (id) =>
      ({ instance: { id, port: 80, ports: { admin: 81 } }, load: { active: 0 } }) as never as Pick,
  );
  const acquire = ({ exclude = [] }: PickOptions) => {
    const pick = picks.find(({ instance }) => !exclude.includes(instance.id));
    if (pick === undefined) throw new RollcallError('NO_INSTANCE', 'none left');
    return new CountedPick(pick);
  };
  return { acquire, active: () => picks.map(({ load }) => load.active) };
}

function refusal(): Error {
  return Object.assign(new Error('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
}

describe('a call to an instance', () => {
  test('counts while it is under way, and not when it has ended, well or badly', async () => {
    const { acquire, active } = pool('a');
    const result = await runPicked(acquire, async () => active()[0]);
    expect([result, ...active()]).toEqual([1, 0]);
    const failed = runPicked(acquire, () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(active()).toEqual([0]);
  });

  test('goes once more, to another instance, when the connection was refused', async () => {
    const { acquire, active } = pool('a', 'b', 'c');
    const tried: string[] = [];
    const call = runPicked(acquire, async ({ id }, { attempt }) => {
      tried.push(`${attempt}${id}`);
      throw refusal();
    });
    await expect(call).rejects.toThrow('fetch failed');
    expect(tried).toEqual(['1a', '2b']);
    expect(active()).toEqual([0, 0, 0]);
  });

  test('says why it was refused when there is no other instance', async () => {
    const call = runPicked(pool('a').acquire, () => Promise.reject(refusal()));
    await expect(call).rejects.toThrow('fetch failed');
  });

  test('is not repeated after any other failure', async () => {
    let calls = 0;
    const call = runPicked(pool('a', 'b').acquire, async () => {
      calls++;
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    });
    await expect(call).rejects.toThrow('reset');
    expect(calls).toBe(1);
  });

  test('is not repeated when it was somebody else who refused', async () => {
    const tried: number[] = [];
    const refusedAt = (port: number) => async () => {
      tried.push(port);
      throw Object.assign(new Error(`refused at ${port}`), { code: 'ECONNREFUSED', port });
    };
    await expect(runPicked(pool('a', 'b').acquire, refusedAt(5432))).rejects.toThrow('5432');
    await expect(runPicked(pool('a', 'b').acquire, refusedAt(81))).rejects.toThrow('81');
    expect(tried).toEqual([5432, 81, 81]);
  });

  test('is not begun when its caller has aborted before', async () => {
    const { acquire, active } = pool('a');
    let calls = 0;
    const begun = runPicked(acquire, async () => calls++, { signal: AbortSignal.abort() });
    await expect(begun).rejects.toMatchObject({ code: 'ABORTED' });
    expect([calls, ...active()]).toEqual([0, 0]);
  });

  test('ends at its deadline even when it does not listen', async () => {
    const { acquire, active } = pool('a');
    const call = runPicked(acquire, () => new Promise(() => undefined), { timeoutMs: 5 });
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    expect(active()).toEqual([0]);
  });

  test('ends when the caller aborts, and lets go of the signal', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let seen: AbortSignal | undefined;
    const call = runPicked(
      pool('a').acquire,
      (_, context) => {
        seen = context.signal;
        return new Promise(() => undefined);
      },
      { signal },
    );
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen!.aborted).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each([
    ['a code', { code: 'ECONNREFUSED' }, true],
    ['a cause', { cause: { cause: { code: 'EHOSTUNREACH' } } }, true],
    ['all addresses', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ENETUNREACH' }] }, true],
    ['one address of two', { errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNRESET' }] }, false],
    ['a reset', { code: 'ECONNRESET' }, false],
    ['text', 'ECONNREFUSED', false],
    ['nothing', undefined, false],
  ])('by %s', (_, error, expected) => {
    expect(wasRefused(error)).toBe(expected);
  });

  test('is looked for only so deep', () => {
    const error: Record<string, unknown> = {};
    error.cause = error;
    expect(wasRefused(error)).toBe(false);
  });
});

describe('the buffer of a watch', () => {
  const live = { type: 'live', revision: 1 } as const;

  test('gives what was kept and then the end', async () => {
    const buffer = new EventBuffer(4);
    buffer.push(live);
    buffer.end();
    expect(await buffer.take(() => undefined)).toBe(live);
    expect(await buffer.take(() => undefined)).toBeUndefined();
  });

  test('throws the error that ended it, after what was kept', async () => {
    const buffer = new EventBuffer(4);
    buffer.push(live);
    buffer.end(new RollcallError('INTERNAL', 'broken'));
    buffer.end();
    await buffer.take(() => undefined);
    await expect(buffer.take(() => undefined)).rejects.toThrow('broken');
  });

  test('ends for everyone who waits', async () => {
    const buffer = new EventBuffer(4);
    const waiting = [buffer.take(() => undefined), buffer.take(() => undefined)];
    await new Promise((resolve) => setImmediate(resolve));
    buffer.end();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  test('drops everything, and says so, when it is full by count or by bytes', () => {
    const buffer = new EventBuffer(2);
    expect([buffer.push(live), buffer.push(live), buffer.push(live)]).toEqual([true, true, false]);
    const big = new EventBuffer(100);
    const node = { path: '/x', data: Buffer.alloc(10 * 1024 * 1024), stat: undefined! };
    const snapshot = { type: 'snapshot', revision: 1, nodes: [node], marked: false } as const;
    expect([big.push(snapshot), big.push(snapshot)]).toEqual([true, false]);
  });
});

describe('a state', () => {
  test('is shown now, at every change, and ends with the last', async () => {
    const cell = new StateCell('one');
    const seen: string[] = [];
    const done = (async () => {
      for await (const value of cell.values()) seen.push(value);
    })();
    for (const value of ['two', 'two', 'three']) {
      await new Promise((resolve) => setImmediate(resolve));
      cell.set(value);
    }
    await new Promise((resolve) => setImmediate(resolve));
    cell.close('end');
    cell.set('never');
    await done;
    expect(seen).toEqual(['one', 'two', 'three', 'end']);
  });

  test('stops being shown when its reader aborts, and keeps nothing of the reader', async () => {
    const cell = new StateCell(1);
    const controller = new AbortController();
    const values = cell.values(controller.signal);
    await values.next();
    const next = values.next();
    controller.abort();
    expect((await next).done).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});
