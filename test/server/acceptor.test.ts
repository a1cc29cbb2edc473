/** The leader takes every member's requests in the order of their numbers, each once. */
import { describe, expect, it } from 'vitest';
import { Acceptor } from '../../src/server/writes/acceptor.js';
import type { EntryBatch } from '../../src/types/log.js';
import type { Forward } from '../../src/types/peer.js';
import { OTHER } from './support.js';

/** Entries of one byte that are their numbers. */
function forward(first: number, count: number, boot = 1): Forward {
  const offsets = Uint32Array.from({ length: count + 1 }, (_, i) => i);
  const bytes = Uint8Array.from({ length: count }, (_, i) => first + i);
  return { type: 'forward', boot, first, batch: { count, offsets, bytes } };
}

class Setting {
  readonly taken: number[] = [];
  applied = { boot: 1, number: 0 };
  isFull = false;
  readonly acceptor = new Acceptor({
    appliedNumber: (_, boot) => (this.applied.boot === boot ? this.applied.number : 0),
    propose: (batch) => this.#propose(batch),
  });

  static open(): Setting {
    const setting = new Setting();
    setting.acceptor.open();
    return setting;
  }

  accept(one: Forward) {
    return this.acceptor.accept(OTHER, one);
  }

  #propose(batch: EntryBatch): boolean {
    if (!this.isFull) this.taken.push(...batch.bytes);
    return !this.isFull;
  }
}

describe('requests of one member', () => {
  it('are taken in order', () => {
    const setting = Setting.open();
    expect(setting.accept(forward(1, 3))).toBeUndefined();
    expect(setting.accept(forward(4, 2))).toBeUndefined();
    expect(setting.taken).toEqual([1, 2, 3, 4, 5]);
  });

  it('that come again are taken once, and of an overlap only the rest', () => {
    const setting = Setting.open();
    setting.accept(forward(1, 3));
    expect(setting.accept(forward(1, 3))).toBeUndefined();
    expect(setting.accept(forward(2, 4))).toBeUndefined();
    expect(setting.taken).toEqual([1, 2, 3, 4, 5]);
  });

  it('are asked for again once, not for each that comes behind one that was turned away', () => {
    const setting = Setting.open();
    setting.isFull = true;
    const reply = setting.accept(forward(1, 2));
    expect(reply).toEqual({ type: 'forwardReply', boot: 1, next: 1, accepting: false });
    expect(setting.accept(forward(3, 2))).toBeUndefined();
    setting.isFull = false;
    expect(setting.accept(forward(1, 2))).toBeUndefined();
    expect(setting.accept(forward(3, 2))).toBeUndefined();
    expect(setting.taken).toEqual([1, 2, 3, 4]);
    expect(setting.accept(forward(6, 1))).toMatchObject({ next: 5, accepting: true });
  });

  it('behind a gap are not taken, and the sender is told where to go on', () => {
    const setting = Setting.open();
    setting.accept(forward(1, 2));
    const reply = setting.accept(forward(4, 2));
    expect(reply).toEqual({ type: 'forwardReply', boot: 1, next: 3, accepting: true });
    setting.accept(forward(3, 3));
    expect(setting.taken).toEqual([1, 2, 3, 4, 5]);
  });

  it('are asked for again from the same place when the log takes nothing', () => {
    const setting = Setting.open();
    setting.isFull = true;
    const reply = setting.accept(forward(1, 2));
    expect(reply).toEqual({ type: 'forwardReply', boot: 1, next: 1, accepting: false });
    setting.isFull = false;
    setting.accept(forward(1, 2));
    expect(setting.taken).toEqual([1, 2]);
  });

  it('go on behind what the state says is applied', () => {
    const setting = Setting.open();
    setting.applied = { boot: 1, number: 7 };
    expect(setting.accept(forward(6, 4))).toBeUndefined();
    expect(setting.taken).toEqual([8, 9]);
  });

  it('begin at one with a newer boot, after which an older one is not heard', () => {
    const setting = Setting.open();
    setting.accept(forward(1, 2, 1));
    setting.accept(forward(1, 1, 2));
    expect(setting.accept(forward(3, 5, 1))).toBeUndefined();
    setting.accept(forward(2, 1, 2));
    expect(setting.taken).toEqual([1, 2, 1, 2]);
  });

  it('do not depend on those of another', () => {
    const setting = Setting.open();
    setting.accept(forward(1, 2));
    const other = 'b'.repeat(16) as typeof OTHER;
    expect(setting.acceptor.accept(other, forward(2, 1))).toMatchObject({ next: 1 });
  });
});

describe('before the leader is ready', () => {
  it('requests wait, and are taken once it is', () => {
    const setting = new Setting();
    setting.accept(forward(1, 2));
    setting.accept(forward(3, 1));
    expect(setting.taken).toEqual([]);
    setting.applied = { boot: 1, number: 1 };
    expect(setting.acceptor.open()).toEqual([]);
    expect(setting.taken).toEqual([2, 3]);
  });

  it('a gap in what waited is told when it is ready', () => {
    const setting = new Setting();
    setting.accept(forward(5, 2));
    const reply = { type: 'forwardReply', boot: 1, next: 1, accepting: true };
    expect(setting.acceptor.open()).toEqual([[OTHER, reply]]);
  });

  it('what waited for a leadership that ended is gone with it', () => {
    const setting = new Setting();
    setting.accept(forward(1, 2));
    setting.acceptor.close();
    setting.acceptor.open();
    expect(setting.taken).toEqual([]);
  });

  it('counting starts over from the state with each leadership', () => {
    const setting = Setting.open();
    setting.accept(forward(1, 5));
    setting.acceptor.close();
    setting.taken.length = 0;
    setting.applied = { boot: 1, number: 2 };
    setting.acceptor.open();
    setting.accept(forward(1, 5));
    expect(setting.taken).toEqual([3, 4, 5]);
  });
});
