/**
 * Both ends of a generator: a Node process of its own, so that what it costs is not taken for the cost of
 * what it measures. It answers requests one after the other, and ends when its parent does.
 */
import { end, start } from '../processes.mjs';

/** The parent's end. */
export function startGenerator(file, { profile } = {}) {
  const child = start(process.execPath, [...profileFlags(profile), file], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  return {
    pid: child.pid,
    ask: (request) => ask(child, request),
    end: () => (profile === undefined ? end(child) : leave(child)),
  };
}

function ask(child, request) {
  return new Promise((resolve, reject) => {
    const onMessage = (answer) => {
      if ('failure' in answer) reject(new Error(answer.failure));
      else resolve(answer);
    };
    child.once('message', onMessage);
    child.ended.then(() => reject(new Error(`a generator ended: ${child.errorText}`)));
    child.send(request);
  });
}

function profileFlags(profile) {
  if (profile === undefined) return [];
  const { folder, prefix } = profile;
  const file = `${prefix}-server.cpuprofile`;
  return ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', file];
}

/** A profile is written only on the way out. */
async function leave(child) {
  child.disconnect();
  await child.ended;
}

/** The generator's end: `steps` are what it can be asked, by name; the default is `run`. */
export function serveSteps(steps) {
  process.once('disconnect', () => process.exit(0));
  process.on('message', async ({ step = 'run', ...request }) => {
    try {
      process.send((await steps[step](request)) ?? {});
    } catch (error) {
      process.send({ failure: String(error?.stack ?? error) });
    }
  });
}

/** The share of one core that this process took. */
export function ownCpu() {
  const before = process.cpuUsage();
  const startMs = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / (performance.now() - startMs);
  };
}

/** Of sorted values. */
export function quantile(sorted, q) {
  if (sorted.length === 0) return undefined;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}
