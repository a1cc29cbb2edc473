/**
 * The standard gRPC health service. A member serves while a leader with a quorum has confirmed it;
 * otherwise it says NOT_SERVING, and load balancers that ask go elsewhere.
 */
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Service } from '../../server/service.js';

const POLL_MS = 250;

export interface Health {
  /** NOT_SERVING from now on. */
  leave(): void;
  stop(): void;
}

/** `names`: full names of the services; '' stands for the member as a whole. */
export function addHealth(server: Server, service: Service, names: readonly string[]): Health {
  const implementation = new HealthImplementation();
  let isLeaving = false;
  let shown: boolean | undefined;
  const show = (): void => {
    const { hasQuorum, isQuarantined, isCorrupt } = service.status();
    const isServing = !isLeaving && hasQuorum && !isQuarantined && !isCorrupt;
    if (isServing === shown) return;
    shown = isServing;
    const status = isServing ? 'SERVING' : 'NOT_SERVING';
    for (const name of ['', ...names]) implementation.setStatus(name, status);
  };
  show();
  implementation.addToServer(server);
  const polling = setInterval(show, POLL_MS);
  polling.unref();
  return {
    leave: () => {
      isLeaving = true;
      show();
    },
    stop: () => clearInterval(polling),
  };
}
