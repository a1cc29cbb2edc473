/**
 * One web server of the demonstration, a process of its own: registers on boot, and on SIGTERM says
 * that it drains, finishes what it has, leaves the roll and ends. Arguments: endpoints, id.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../client/index.js';
import { clockMs, type Step } from './steps.js';

/** Long enough for every caller to hear that it drains. */
const DRAIN_MS = 300;

const [endpoints, id] = process.argv.slice(2) as [string, string];
const server = createServer((_request, response) => response.end(`${id}\n`));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

// Before anything is started that would have to be ended: whoever started us may be gone already.
let end: (reason: 'asked' | 'orphaned') => void = () => process.exit(0);
process.once('SIGTERM', () => end('asked'));
process.once('disconnect', () => end('orphaned'));

const client = connect(endpoints.split(','));
const target = { port, address: '127.0.0.1', protocol: 'http' };
const registration = await client.register('web', target, { id, drainOnSigterm: false });
tell('joined');

let ending = false;
end = (reason) => {
  if (ending) return;
  ending = true;
  void leave(reason).finally(() => process.exit(0));
};

async function leave(reason: 'asked' | 'orphaned'): Promise<void> {
  if (reason === 'asked') await drain();
  server.close();
  server.closeIdleConnections();
  tell('leaving');
  await registration.close();
  await client.close();
}

async function drain(): Promise<void> {
  tell('draining');
  await registration.setState('DRAINING');
  await sleep(DRAIN_MS);
}

function tell(step: Step['step']): void {
  if (process.connected) process.send?.({ step, at: clockMs() } satisfies Step);
}
