/** Goal: the state of a member's disk reads well, whatever of it is known. */
import { expect, it } from 'vitest';
import { describeDisk } from '../../src/cli/commands/status.js';

it.each([
  [{ disk: 'ok', diskFreeBytes: 3 * 1024 ** 3 }, 'ok, 3.0 GiB free'],
  [{ disk: 'stalled', diskFreeBytes: 0 }, 'stalled'],
  [{ disk: '', diskFreeBytes: 0 }, ''],
])('a disk %j is told as %j', (view, text) => {
  expect(describeDisk(view)).toBe(text);
});
