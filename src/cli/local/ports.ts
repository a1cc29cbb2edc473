/** Where the members of a local cluster listen, and whether they can. */
import { createServer } from 'node:net';
import { UsageError } from '../errors.js';

export const BASE_PORT = 8655;
export const HOST = '127.0.0.1';
/** Between one member's ports and the next one's. */
const MEMBER_STEP = 10;
/** Between one base and the next that is proposed. */
const BASE_STEP = 100;
const PORT_MAX = 65_535;

export interface MemberPlan {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

export function planMembers(count: number, basePort: number): MemberPlan[] {
  return Array.from({ length: count }, (_, i) => {
    const clientPort = basePort + i * MEMBER_STEP;
    return { name: `r${i + 1}`, clientPort, peerPort: clientPort + 1, httpPort: clientPort + 2 };
  });
}

/** Throws with a base that is free when a port of this one is not. */
export async function checkPortsFree(count: number, basePort: number): Promise<void> {
  const taken = await firstTaken(count, basePort);
  if (taken === undefined) return;
  const free = await nextFreeBase(count, basePort + BASE_STEP);
  const remedy =
    free === undefined ? 'end what uses it' : `end what uses it, or: --base-port ${free}`;
  throw new UsageError(`port ${taken} is in use`, remedy);
}

async function nextFreeBase(count: number, from: number): Promise<number | undefined> {
  for (let base = from; base + count * MEMBER_STEP <= PORT_MAX; base += BASE_STEP) {
    if ((await firstTaken(count, base)) === undefined) return base;
  }
  return undefined;
}

async function firstTaken(count: number, basePort: number): Promise<number | undefined> {
  const ports = planMembers(count, basePort).flatMap(({ clientPort, peerPort, httpPort }) => [
    clientPort,
    peerPort,
    httpPort,
  ]);
  const free = await Promise.all(ports.map(isFree));
  return ports.find((_, i) => !free[i]);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port }, () => server.close(() => resolve(true)));
  });
}
