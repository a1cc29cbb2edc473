/** Imports the SDK and prints the address of everything that was loaded for it. */
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
await import('../../../dist/client/index.js');
const loaded = Object.keys(createRequire(import.meta.url).cache);
writeSync(1, `${loaded.join('\n')}\n`);
