import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createRoutes, httpFace } from '../../../src/faces/http/server.js';
import { Connections } from '../../../src/server/clients/connections.js';
import type { Face } from '../../../src/server/face.js';
import { createMetrics } from '../../../src/server/metrics/metrics.js';
import type { Service, ServiceStatus } from '../../../src/server/service.js';

/** As much of a member as this door looks at. */
function serviceWith(status: Partial<ServiceStatus>): Service {
  return {
    connections: new Connections(),
    status: () => status as ServiceStatus,
    members: () => [],
    attach: () => {
      throw new Error('the HTTP door attaches nothing');
    },
  };
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const member = { name: 'r1', id: '01', clusterId: '02' };

async function startFace(status: Partial<ServiceStatus>): Promise<Face> {
  const metrics = createMetrics();
  const start = httpFace({ listen: '127.0.0.1:0' });
  const face = await start({ service: serviceWith(status), metrics, logger, member });
  onTestFinished(() => face.close(0));
  return face;
}

test('readyz follows the quorum, livez does not', async () => {
  const routes = (hasQuorum: boolean) =>
    createRoutes({ service: serviceWith({ hasQuorum }), metrics: createMetrics() });
  expect((await routes(true).request('/readyz')).status).toBe(200);
  expect((await routes(false).request('/readyz')).status).toBe(503);
  expect((await routes(false).request('/livez')).status).toBe(200);
});

test('a member in quarantine is not ready, and lives', async () => {
  const service = serviceWith({ hasQuorum: true, isQuarantined: true });
  const routes = createRoutes({ service, metrics: createMetrics() });
  expect((await routes.request('/readyz')).status).toBe(503);
  expect((await routes.request('/livez')).status).toBe(200);
});

test('metrics come in the text format that Prometheus reads', async () => {
  const metrics = createMetrics();
  metrics.request('Tree.Get', 'OK', 0.001);
  const routes = createRoutes({ service: serviceWith({}), metrics });
  const response = await routes.request('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await response.text()).toContain('rollcall_requests_total{method="Tree.Get",code="OK"} 1');
});

test('a free port is taken when asked, and told', async () => {
  const face = await startFace({ hasQuorum: true });
  expect(face.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  expect((await fetch(`http://${face.address}/readyz`)).status).toBe(200);
});

test('a port in use is an error of the start, not a crash', async () => {
  const face = await startFace({});
  const second = httpFace({ listen: face.address });
  const context = { service: serviceWith({}), metrics: createMetrics(), logger, member };
  await expect(second(context)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing does not wait for a client that says nothing', async () => {
  const face = await startFace({});
  const [host, port] = face.address.split(':');
  const socket = connect(Number(port), host);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write('GET /livez HTTP/1.1\r\n');
  await face.close(20);
  await closed;
});
