/**
 * Compiles src/ into dist/ and makes the package's own command runnable from this folder. Leaves no
 * output behind whose source is gone: a deleted module must not be importable by luck.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIsCurrent, listFiles, root, sourcesFingerprint, stampFile } from './staleness.mjs';

const BUILT = /(\.d\.ts|\.js)(\.map)?$/;

/** Throws when the sources do not compile. */
export function build() {
  const fingerprint = sourcesFingerprint();
  rmSync(stampFile, { force: true });
  removeOrphans();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.json')],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`src/ does not compile\n${stdout}`);
  chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
  writeFileSync(stampFile, fingerprint);
}

/** The command under node_modules/.bin, so that `npx rollcall` works in this folder. */
export function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'rollcall');
  const target = join(root, 'dist', 'cli', 'main.js');
  const wanted = relative(dirname(link), target);
  if (currentTarget(link) === wanted) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  if (process.platform === 'win32') writeFileSync(`${link}.cmd`, `@node "${target}" %*\r\n`);
  else symlinkSync(wanted, link);
}

function currentTarget(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function removeOrphans() {
  if (!existsSync(join(root, 'dist'))) return;
  const built = listFiles('dist').filter((file) => BUILT.test(file));
  const orphans = built.filter((file) => !existsSync(sourceOf(file)));
  for (const orphan of orphans) rmSync(join(root, orphan));
  // The compiler believes its own notes; without them it writes everything again.
  const incomplete = listFiles('src').some((file) => !existsSync(outputOf(file)));
  if (orphans.length > 0 || incomplete) {
    rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
  }
}

function sourceOf(output) {
  return join(root, output.replace(/^dist/, 'src').replace(BUILT, '.ts'));
}

function outputOf(source) {
  return join(root, source.replace(/^src/, 'dist').replace(/(\.d)?\.ts$/, '.js'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!buildIsCurrent()) build();
  linkCommand();
}
