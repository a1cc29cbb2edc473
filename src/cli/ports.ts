/** Ports of this machine: finding a free one, and noticing when somebody listens. */
import { createServer, connect as openSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 100;
/** A connect that is neither accepted nor refused: a firewall, or a full backlog. */
const CONNECT_TIMEOUT_MS = 1_000;

/** Free on every interface now. Nothing keeps it so: COMMAND should bind it soon. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, exclusive: true }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves true once one of the hosts accepts on the port, false when `signal` aborts first. */
export async function untilAccepting(
  hosts: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const answers = await Promise.all(hosts.map((host) => accepts(host, port)));
    if (signal.aborted) return false;
    if (answers.includes(true)) return true;
    await sleep(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket({ host, port });
    const settle = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
