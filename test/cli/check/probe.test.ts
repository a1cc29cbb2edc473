/**
 * Goal: a probe sees what a new caller would see, gives a reason when it is not well, and ends when it is told
 * to, whatever the server does. Method: real servers on loopback, well-behaved and not.
 */
import { HealthImplementation } from 'grpc-health-check';
import { describe, expect, it } from 'vitest';
import { probe } from '../../../src/cli/check/probe.js';
import type { CheckTarget } from '../../../src/cli/check/target.js';
import { CHECK_BODY_BYTES_MAX } from '../../../src/types/limits.js';
import { closedPort, grpcServer, httpServer, silentServer } from './servers.js';

const HOST = '127.0.0.1';
const patient = (): AbortSignal => new AbortController().signal;

function ask(target: CheckTarget): Promise<string | undefined> {
  return probe(target, patient());
}

/** Told to stop before there is an answer. */
async function askAndStop(target: CheckTarget): Promise<string | undefined> {
  const limit = AbortSignal.timeout(100);
  return probe(target, limit);
}

describe('http', () => {
  const target = (port: number): CheckTarget => ({ type: 'http', url: `http://${HOST}:${port}/` });

  it.each([200, 204, 299])('takes %i for well', async (status) => {
    const port = await httpServer((_, response) => response.writeHead(status).end());
    expect(await ask(target(port))).toBeUndefined();
  });

  it.each([301, 404, 500, 503])('takes %i for unwell', async (status) => {
    const port = await httpServer((_, response) => response.writeHead(status).end());
    expect(await ask(target(port))).toBe(`it answered ${status}`);
  });

  it('follows no redirect', async () => {
    const asked: string[] = [];
    const port = await httpServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: '/well' }).end();
    });
    expect(await ask(target(port))).toBe('it answered 302');
    expect(asked).toEqual(['/']);
  });

  it('reads a body no further than a bound', async () => {
    let written = 0;
    let onGone: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      onGone = resolve;
    });
    const port = await httpServer((_, response) => {
      const chunk = Buffer.alloc(16 * 1024);
      const more = (): void => {
        if (response.destroyed) return;
        written += chunk.length;
        response.write(chunk, more);
      };
      response.once('close', () => onGone());
      more();
    });
    expect(await ask(target(port))).toBeUndefined();
    await gone;
    // What the kernel took besides is a matter of its buffers.
    expect(written).toBeLessThan(CHECK_BODY_BYTES_MAX + 16 * 1024 * 1024);
  });

  it('says that nobody listens', async () => {
    expect(await ask(target(await closedPort()))).toBe('connection refused');
  });

  it('says that what listens speaks no HTTP', async () => {
    const { port } = await grpcServer(undefined);
    expect(await ask(target(port))).toBeTypeOf('string');
  });

  it('ends without an answer when told to', async () => {
    expect(await askAndStop(target(await silentServer()))).toBeTypeOf('string');
  });

  it('takes the status for the answer when the body never ends', async () => {
    const limit = new AbortController();
    const port = await httpServer((_, response) => {
      response.writeHead(200).write('.', () => setTimeout(() => limit.abort(), 200));
    });
    expect(await probe(target(port), limit.signal)).toBeUndefined();
    expect(limit.signal.aborted).toBe(true);
  });
});

describe('tcp', () => {
  const target = (port: number): CheckTarget => ({ type: 'tcp', host: HOST, port });

  it('takes a connection for well', async () => {
    expect(await ask(target(await silentServer()))).toBeUndefined();
  });

  it('says that nobody listens', async () => {
    expect(await ask(target(await closedPort()))).toBe('connection refused');
  });

  it('ends at once when it was told to before', async () => {
    const port = await silentServer();
    expect(await probe(target(port), AbortSignal.abort())).toBe('given up');
  });
});

describe('grpc', () => {
  const target = (port: number, service = ''): CheckTarget => {
    return { type: 'grpc', host: HOST, port, service };
  };

  it('takes SERVING for well, and only that', async () => {
    const health = new HealthImplementation({ '': 'SERVING', 'a.B': 'NOT_SERVING' });
    const { port } = await grpcServer(health);
    expect(await ask(target(port))).toBeUndefined();
    expect(await ask(target(port, 'a.B'))).toBe('it says NOT_SERVING');
    expect(await ask(target(port, 'a.C'))).toBe('it does not know the service');
  });

  it('says that a server has no health service', async () => {
    const { port } = await grpcServer(undefined);
    expect(await ask(target(port))).toBe('it has no grpc.health.v1');
  });

  it('sees a server that came back at once: no backoff outlives the outage', async () => {
    const port = await closedPort();
    for (let i = 0; i < 3; i++) expect(await ask(target(port))).toBe('no connection');
    await grpcServer(new HealthImplementation({ '': 'SERVING' }), port);
    expect(await ask(target(port))).toBeUndefined();
  });

  it('ends without an answer when told to', async () => {
    expect(await askAndStop(target(await silentServer()))).toBeTypeOf('string');
  });
});
