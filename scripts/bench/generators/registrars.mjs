/** Clients of the SDK that register: each has one session, with one instance in every service. */
import { connect } from '../../../dist/client/index.js';
import { ownCpu, serveSteps } from './generator.mjs';

const PORT = 8000;
const PATIENCE_MS = 120_000;

/** How long until all are registered. */
async function open({ endpoints, clients, services }) {
  const cpu = ownCpu();
  const startMs = performance.now();
  const all = Array.from({ length: clients }, (_, number) =>
    registerAll(endpoints, number, services),
  );
  await Promise.all(all);
  return { tookMs: performance.now() - startMs, generatorCpu: cpu() };
}

async function registerAll(endpoints, number, services) {
  const client = connect(endpoints, { timeoutMs: PATIENCE_MS });
  const target = { address: '127.0.0.1', port: PORT };
  await Promise.all(
    services.map((service) => client.register(service, target, { id: `host-${number}` })),
  );
}

serveSteps({ open });
