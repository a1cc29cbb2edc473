/** Runs `storage-main.ts` in a process of its own, untouched by the test's: `node storage.mjs MODE DIRECTORY`. */
import { runnerImport } from 'vite';

const path = new URL('./storage-main.ts', import.meta.url).pathname;
await runnerImport(path, { configFile: false, logLevel: 'silent' });
