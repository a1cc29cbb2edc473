/** The version of this package, as members tell each other and operators. */
import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);

export const VERSION: string = (
  JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string }
).version;
