import { describe, expect, it } from 'vitest';
import {
  type Identity,
  mintMemberId,
  nextBoot,
  readIdentity,
  writeIdentity,
} from '../../src/storage/identity.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { createCryptoRandom } from '../../src/storage/open.js';
import { asClusterId, asMemberId } from '../../src/types/ids.js';
import { createRandom, createStoppingDisk, FOUNDERS, settleAll } from './wal-support.js';

const IDENTITY: Identity = {
  memberId: asMemberId('00000000000000ab'),
  clusterId: asClusterId('c'.repeat(32)),
  founders: FOUNDERS,
  boot: 1,
};

describe('identity', () => {
  it('is missing on an empty disk and comes back as written', async () => {
    const disk = new MemoryDisk();
    expect(await readIdentity(disk)).toBe(undefined);
    await writeIdentity(disk, { ...IDENTITY, clusterId: undefined });
    expect(await readIdentity(disk)).toEqual({ ...IDENTITY, clusterId: undefined });
    await writeIdentity(disk, IDENTITY);
    disk.crash({ below: () => 1 });
    expect(await readIdentity(disk)).toEqual(IDENTITY);
  });

  it('is minted from 64 random bits', () => {
    expect(mintMemberId({ below: (bound) => bound - 1 })).toBe('f'.repeat(16));
    expect(mintMemberId({ below: () => 10 })).toBe('000a000a000a000a');
    expect(mintMemberId(createCryptoRandom())).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is never guessed when it is damaged', async () => {
    const disk = new MemoryDisk();
    await writeIdentity(disk, IDENTITY);
    const bytes = disk.contents('identity.json');
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 4;
      disk.overwrite('identity.json', flipped);
      await expect(readIdentity(disk)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  it('counts boots that never come twice, wherever the power goes', async () => {
    const { disk, stopAfter } = createStoppingDisk();
    await writeIdentity(disk, IDENTITY);
    const boots = [1];
    for (let life = 0; life < 60; life++) {
      stopAfter(life % 15);
      void readIdentity(disk)
        .then((identity) => nextBoot(disk, identity!))
        .then((identity) => boots.push(identity.boot));
      await settleAll();
      disk.crash(createRandom(life));
      stopAfter(Number.POSITIVE_INFINITY);
      const found = await readIdentity(disk);
      expect(found!.boot).toBeGreaterThanOrEqual(boots.at(-1)!);
      expect(found).toEqual({ ...IDENTITY, boot: found!.boot });
    }
    expect(boots.length).toBeGreaterThan(5);
    expect(boots).toEqual([...new Set(boots)].sort((a, b) => a - b));
  });
});
