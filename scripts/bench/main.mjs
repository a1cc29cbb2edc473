/**
 * `npm run bench`: measures this build on this machine, beside a peer if asked. Progress goes to stderr,
 * figures to stdout. Whatever happens, nothing that it started is left running.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { build } from '../build.mjs';
import { buildIsCurrent } from '../staleness.mjs';
import { endEverything, endOnSignals } from './processes.mjs';

/** Loaded once the build is there: the workloads use it. */
async function prepare(args) {
  if (!args.includes('--no-build') && !buildIsCurrent()) build();
  const [{ parseOptions, commandOf, USAGE }, { runRounds }] = await Promise.all([
    import('./options.mjs'),
    import('./rounds.mjs'),
  ]);
  const options = parseOptions(args);
  if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });
  return { options, command: commandOf(options), USAGE, runRounds };
}

function aboutRun({ command, options }) {
  return {
    command,
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    load: Number(loadavg()[0].toFixed(1)),
    versions: options.beside.map((name) => ({ name, version: versionOf(name) })),
  };
}

/** As in "etcd Version: 3.4.23". */
function versionOf(peer) {
  try {
    return /\d+\.\d+\.\d+/.exec(execFileSync(peer, ['--version'], { encoding: 'utf8' }))[0];
  } catch {
    throw new Error(`${peer} cannot be run (Debian: ${peer}-server)`);
  }
}

async function bench(args) {
  const { options, command, USAGE, runRounds } = await prepare(args);
  const print = (text) => process.stdout.write(`${text}\n`);
  if (options.help) return print(USAGE);
  const about = aboutRun({ command, options });
  const progress = (text) => process.stderr.write(`${text}\n`);
  const samples = await runRounds(options, { print, progress });
  await publish({ samples, about, options, print });
}

async function publish({ samples, about, options, print }) {
  const { summarize } = await import('./summary.mjs');
  const { describeFigures, writeJson, writeMarkdown } = await import('./report.mjs');
  const figures = { cases: summarize(samples), about };
  print(`\n${describeFigures(figures)}`);
  if (options.json !== undefined) writeJson(options.json, figures);
  if (options.markdown !== undefined) writeMarkdown(options.markdown, figures);
  if (samples.some(({ values }) => values.length === 0)) process.exitCode = 1;
}

endOnSignals();
try {
  await bench(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await endEverything();
}
process.exit();
