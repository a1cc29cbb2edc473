/**
 * `npm run docs`: the API reference of the package's entries as HTML in docs/api, made by typedoc from the
 * comments in the sources. What makes it is a package of its own (scripts/docs), installed when stale:
 * typedoc needs a TypeScript with an API, which the compiler of the product has not.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './staleness.mjs';

const folder = join(root, 'scripts', 'docs');
const typedoc = join(folder, 'node_modules', 'typedoc');

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function versionOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

function isCurrent() {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const installed = join(typedoc, 'package.json');
  const wanted = lock.packages['node_modules/typedoc'].version;
  return existsSync(installed) && versionOf(installed) === wanted;
}

if (!isCurrent()) {
  const npm = process.env.npm_execpath;
  run(npm ? process.execPath : 'npm', [...(npm ? [npm] : []), 'ci', '--no-progress']);
}
run(process.execPath, [join(typedoc, 'bin', 'typedoc'), '--options', join(folder, 'typedoc.json')]);
