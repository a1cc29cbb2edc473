/**
 * One client of the SDK that keeps `window` writes under way. Every 16th is timed: timing all would cost
 * the client a noticeable part of what is measured.
 */
import { connect } from '../../../dist/client/index.js';
import { ownCpu, quantile, serveSteps } from './generator.mjs';

const NODES = 100;
const TIMED_EVERY = 16;

let client;
let paths;
let value;

async function open({ endpoints, id, bytes }) {
  // Stays where it was sent, so that leader and followers can be told apart.
  client = connect(endpoints, { learnMembers: false, timeoutMs: 30_000 });
  value = Buffer.alloc(bytes, 'x');
  const parent = `/bench-sdk-${id}`;
  await client.create(parent, '');
  paths = Array.from({ length: NODES }, (_, i) => `${parent}/${i}`);
  await Promise.all(paths.map((path) => client.create(path, value)));
}

function write({ window, seconds }) {
  const latencies = [];
  let [open, issued, written, failed] = [0, 0, 0, 0];
  const cpu = ownCpu();
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  return new Promise((resolve) => {
    const pump = () => {
      while (open < window && performance.now() < endMs) issue();
      if (open === 0) resolve(summary());
    };
    const done = () => {
      open--;
      written++;
      pump();
    };
    const refused = () => {
      open--;
      failed++;
      pump();
    };
    const issue = () => {
      open++;
      const answer = client.set(paths[issued % NODES], value);
      if (issued++ % TIMED_EVERY === 0) timed(answer, latencies);
      answer.then(done, refused);
    };
    const summary = () => {
      const took = (performance.now() - startMs) / 1000;
      latencies.sort((a, b) => a - b);
      const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
      return { perSecond: written / took, failed, p50Ms, p99Ms, generatorCpu: cpu() };
    };
    pump();
  });
}

function timed(answer, latencies) {
  const startMs = performance.now();
  answer.then(
    () => latencies.push(performance.now() - startMs),
    () => {},
  );
}

serveSteps({ open, run: write });
