/**
 * What `npm start` and `npm test` run first: installs, builds and links, each only when stale, so
 * that a fresh clone works with nothing but Node and npm, and a second start costs milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { buildIsCurrent, packagesAreCurrent, root } from './staleness.mjs';

const NODE_MAJOR_MIN = 20;
const NODE_MINOR_MIN = 19;

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor >= NODE_MINOR_MIN)) return;
  throw new Error(`Rollcall needs Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or newer`);
}

function install() {
  const npm = process.env.npm_execpath;
  const [command, ...prefix] = npm ? [process.execPath, npm] : ['npm'];
  const { status, stdout, stderr } = spawnSync(command, [...prefix, 'ci', '--no-progress'], {
    cwd: root,
    encoding: 'utf8',
    // Set by an outer `npm --production` or by NODE_ENV; the compiler is a development package.
    env: { ...process.env, NODE_ENV: 'development', npm_config_omit: '' },
  });
  if (status === 0) return;
  throw new Error(`npm ci failed; is the registry reachable?\n${stdout ?? ''}${stderr ?? ''}`);
}

let said = false;

/** One line for all steps: while one runs, what it does; then what it took. */
async function step(doing, done, work) {
  const lead = said ? '   ' : '';
  const ahead = process.stdout.isTTY ? `${lead}setup  ${doing} …` : '';
  process.stdout.write(ahead);
  const start = Date.now();
  await work();
  const seconds = Math.max(1, Math.round((Date.now() - start) / 1000));
  process.stdout.write('\b \b'.repeat(ahead.length));
  process.stdout.write(`${lead}setup  ${done} (${seconds} s)`);
  said = true;
}

async function setup() {
  checkNode();
  if (!packagesAreCurrent()) await step('installing packages', 'packages installed', install);
  // Only now: the build may need what was just installed.
  const { build, linkCommand } = await import('./build.mjs');
  if (!buildIsCurrent()) await step('building', 'built', build);
  linkCommand();
}

try {
  await setup();
  if (said) process.stdout.write('\n');
} catch (error) {
  process.stderr.write(`\nsetup: ${error.message}\n`);
  process.exit(1);
}
