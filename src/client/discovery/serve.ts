/** Takes a registered server out of service in order: DRAINING, no new connections, off the roll. */
import type { ServerLike } from '../types.js';
import type { ServiceRegistration } from './registration.js';

/** Requests under way may take this long; then their connections are cut. */
const REQUESTS_MS_MAX = 10_000;

export async function leaveInOrder(
  registration: ServiceRegistration,
  server: ServerLike,
): Promise<void> {
  await registration.announceDrain();
  await closeServer(server);
  await registration.close();
}

function closeServer(server: ServerLike): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      (server as { closeAllConnections?: () => void }).closeAllConnections?.();
      resolve();
    }, REQUESTS_MS_MAX);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
