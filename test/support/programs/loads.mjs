/**
 * Imports an entry of the package and prints the address of everything that was loaded for it. Arguments:
 * the entry below dist/, and "start" to run a cluster for tests with it before it prints.
 */
import { writeSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const hooks = `
import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(1, found.url + '\\n');
  return found;
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const [entry, act] = process.argv.slice(2);
const { startTestCluster } = await import(`../../../dist/${entry}/index.js`);
if (act === 'start') await (await startTestCluster()).close();
const loaded = Object.keys(createRequire(import.meta.url).cache);
writeSync(1, `${loaded.join('\n')}\n`);
