/** Picks of the SDK's default balancer, from a view that the cluster keeps current. */
import { connect } from '../../../dist/client/index.js';
import { serveSteps } from './generator.mjs';

const ROUNDS = 5;

async function run({ endpoints, ...request }) {
  const client = connect(endpoints);
  try {
    return { nanoseconds: await measure(client, request) };
  } finally {
    await client.close();
  }
}

async function measure(client, { service, instances, picks, accounted }) {
  const discovery = await client.discover(service).ready({ min: instances });
  const once = accounted ? () => discovery.acquire()[Symbol.dispose]() : () => discovery.pick();
  const times = Array.from({ length: ROUNDS }, () => timeOf(once, picks / ROUNDS));
  // The first is the compiler's.
  return times.slice(1).sort((a, b) => a - b)[(ROUNDS - 1) >> 1];
}

function timeOf(once, count) {
  const startNs = process.hrtime.bigint();
  for (let i = 0; i < count; i++) once();
  return Number(process.hrtime.bigint() - startNs) / count;
}

serveSteps({ run });
