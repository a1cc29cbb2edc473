/**
 * The HTTP door: metrics and health. Translation only; it holds no state of its own and answers from
 * the service and the registry it was given.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { FaceContext, FaceFactory } from '../../server/face.js';

/** A slow or silent client may not hold a connection for longer. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 1_000;

export interface HttpFaceOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
}

export function httpFace(options: HttpFaceOptions): FaceFactory {
  return async (context) => {
    const listener = getRequestListener(createRoutes(context).fetch);
    const server = createServer(
      { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      listener,
    );
    server.maxConnections = CONNECTIONS_MAX;
    const address = await listen(server, context.listen ?? options.listen);
    return { name: 'http', address, close: (withinMs) => close(server, withinMs) };
  };
}

/** Exposed for tests, which need no port. */
export function createRoutes({ service, metrics }: Pick<FaceContext, 'service' | 'metrics'>): Hono {
  const app = new Hono();
  app.get('/livez', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => {
    const { hasQuorum, isQuarantined, isCorrupt } = service.status();
    if (isQuarantined) return c.text('in quarantine\n', 503);
    if (isCorrupt) return c.text('the members hold different states\n', 503);
    return hasQuorum ? c.text('ok\n') : c.text('no quorum\n', 503);
  });
  app.get('/metrics', async (c) => {
    const text = await metrics.registry.metrics();
    return c.body(text, 200, { 'content-type': metrics.registry.contentType });
  });
  return app;
}

async function listen(server: Server, at: string): Promise<string> {
  const colon = at.lastIndexOf(':');
  const host = at.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: Number(at.slice(colon + 1)) }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return `${at.slice(0, colon)}:${port}`;
}

/** Requests under way may finish; whoever is still there after the time given is cut off. */
async function close(server: Server, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearTimeout(timer);
}
