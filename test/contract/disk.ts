/** What every disk must do; run against the real one and its twin in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/types/ports.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export interface DiskUnderTest {
  readonly disk: Disk;
  readonly dispose: () => Promise<void>;
}

export function describeDisk(name: string, create: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the contract of a disk`, () => {
    let made: DiskUnderTest;
    let disk: Disk;
    beforeEach(async () => {
      made = await create();
      disk = made.disk;
    });
    afterEach(() => made.dispose());

    it('reads back what was written at an offset, in parts', async () => {
      const file = await disk.open('a', 'create');
      await file.write(3, [bytes(1, 2), bytes(), bytes(3)]);
      expect(await file.read(0, 6)).toEqual(bytes(0, 0, 0, 1, 2, 3));
      expect(await file.size()).toBe(6);
      await file.sync();
      await file.close();
    });

    it('reads short past the end', async () => {
      const file = await disk.open('a', 'create');
      await file.write(0, [bytes(1, 2, 3)]);
      expect(await file.read(1, 100)).toEqual(bytes(2, 3));
      expect(await file.read(50, 10)).toEqual(bytes());
      await file.close();
    });

    it('does not keep a hold on the memory it was given', async () => {
      const file = await disk.open('a', 'create');
      const given = bytes(1, 2, 3);
      await file.write(0, [given]);
      given.fill(9);
      expect(await file.read(0, 3)).toEqual(bytes(1, 2, 3));
      await file.close();
    });

    it('fills with zeros between the end and a write beyond it, and after a cut', async () => {
      const file = await disk.open('a', 'create');
      await file.write(0, [bytes(7, 7, 7, 7)]);
      await file.truncate(1);
      expect(await file.size()).toBe(1);
      await file.write(3, [bytes(8)]);
      expect(await file.read(0, 10)).toEqual(bytes(7, 0, 0, 8));
      await file.close();
    });

    it('empties a file that is created again', async () => {
      const first = await disk.open('a', 'create');
      await first.write(0, [bytes(1)]);
      await first.close();
      const second = await disk.open('a', 'create');
      expect(await second.size()).toBe(0);
      await second.close();
    });

    it('refuses to open, rename or remove what is not there', async () => {
      await expect(disk.open('none', 'existing')).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(disk.rename('none', 'b')).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(disk.remove('none')).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('lists, renames over an existing name, and removes', async () => {
      for (const name of ['b', 'a']) {
        const file = await disk.open(name, 'create');
        await file.write(0, [bytes(name.charCodeAt(0))]);
        await file.close();
      }
      expect(await disk.list()).toEqual(['a', 'b']);
      await disk.rename('a', 'b');
      await disk.syncDirectory();
      expect(await disk.exists('a')).toBe(false);
      const file = await disk.open('b', 'existing');
      expect(await file.read(0, 1)).toEqual(bytes('a'.charCodeAt(0)));
      await file.close();
      await disk.remove('b');
      expect(await disk.list()).toEqual([]);
    });

    it('takes a write larger than one system call would', async () => {
      const file = await disk.open('large', 'create');
      const part = new Uint8Array(1024 * 1024).fill(5);
      await file.write(0, [part, part, part]);
      expect(await file.size()).toBe(3 * part.length);
      expect((await file.read(2 * part.length, 1))[0]).toBe(5);
      await file.close();
    });
  });
}
