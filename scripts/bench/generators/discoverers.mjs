/** Clients of the SDK that discover one service: a change is held when the application's callback has it. */
import { connect } from '../../../dist/client/index.js';
import { monotonicMs } from '../usage.mjs';
import { ownCpu, serveSteps } from './generator.mjs';

let count = 0;
let wanted;
let arrivals = [];
let wake = () => {};

async function open({ endpoints, clients, perClient, service }) {
  const discoveries = Array.from({ length: clients }, () => connect(endpoints)).flatMap((client) =>
    Array.from({ length: perClient }, () => client.discover(service)),
  );
  count = discoveries.length;
  await Promise.all(discoveries.map((discovery) => discovery.ready({ timeoutMs: 60_000 })));
  for (const discovery of discoveries) discovery.subscribe(note);
}

function note({ instances }) {
  // Who joins is last on the roll.
  if (instances.at(-1)?.id !== wanted) return;
  arrivals.push(monotonicMs());
  if (arrivals.length >= count) wake();
}

/** Armed before the instance joins; `collect` answers when every callback has seen it. */
function expect({ id }) {
  wanted = id;
  arrivals = [];
}

function collect() {
  const cpu = ownCpu();
  return new Promise((resolve) => {
    wake = () => resolve({ arrivals, generatorCpu: cpu() });
    if (arrivals.length >= count) wake();
  });
}

serveSteps({ open, expect, collect });
