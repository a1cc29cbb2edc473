/** What the child process does with a data directory until it is killed. */
import { writeSync } from 'node:fs';
import { mintMemberId } from '../../../src/storage/identity.js';
import { createCryptoRandom, type OpenedLog, openStorage } from '../../../src/storage/open.js';
import { asClusterId } from '../../../src/types/ids.js';
import { metaAt, rowOf } from '../../contract/state-database.js';
import { base, FOUNDERS, run, vote } from '../../storage/wal-support.js';

const STDOUT = 1;
const say = (line: string): void => {
  writeSync(STDOUT, `${line}\n`);
};

async function write(directory: string): Promise<void> {
  const storage = await openStorage(directory, { segmentBytes: 32 * 1024, allocateBytes: 8192 });
  await storage.writeIdentity({
    memberId: mintMemberId(createCryptoRandom()),
    clusterId: asClusterId('c'.repeat(32)),
    founders: FOUNDERS,
    boot: 1,
  });
  await writeForever(await storage.openLog());
}

async function writeForever({ log, checkpoints }: OpenedLog): Promise<void> {
  for (let i = 1; ; i++) {
    await log.append({ runs: [run(i, 1)], hardState: vote(i) });
    say(`log ${i}`);
    if (i % 20 !== 0) continue;
    await checkpoints.save({ meta: metaAt(i), puts: [rowOf([1], i & 0xff)], deletes: [] });
    say(`state ${i}`);
    await log.trim(base(i - 10));
  }
}

async function hold(directory: string): Promise<void> {
  const storage = await openStorage(directory);
  say(`held ${storage.identity?.memberId}`);
  setInterval(() => {}, 1000);
}

// While this module is being loaded, so that what it loads later is still found.
const [mode, directory] = process.argv.slice(2) as [string, string];
await (mode === 'hold' ? hold(directory) : write(directory));
