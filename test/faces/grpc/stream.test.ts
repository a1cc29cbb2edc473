import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codec, services } from '../../../src/rpc/definitions.js';
import { eventually, Harness, type Talk } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

let secrets = 0;
const newSecret = () => Buffer.alloc(16, ++secrets);

async function open(talk: Talk, graceMs = 0, secret = newSecret()) {
  talk.send({ operations: [{ id: 1, open: { secret, timeoutMs: 10_000, graceMs } }] });
  return (await talk.response(1)).open!;
}

describe('a session stream', () => {
  it('answers a batch in the order of its operations', async () => {
    const talk = harness.stream();
    await open(talk);
    const set = (id: number, seq: number) => ({ id, seq, set: { path: '/s1' } });
    talk.send({
      operations: [
        { id: 10, seq: 1, create: { path: '/s1' } },
        set(11, 2),
        { id: 12, get: { path: '/s1' } },
        set(13, 3),
      ],
    });
    const responses = [];
    for (let i = 0; i < 4; i++) {
      const item = await talk.items.next((each) => each.response !== undefined);
      responses.push(item.response!);
    }
    expect(responses.map(({ id }) => id)).toEqual([10, 11, 12, 13]);
    expect(responses[2]?.get?.node?.stat?.version).toBe(1);
    talk.end();
    await talk.items.end();
  });

  it('shows an event before any answer that saw it', async () => {
    const talk = harness.stream();
    await open(talk);
    talk.send({ operations: [{ id: 2, watch: { path: '/s2', scope: 2 } }] });
    await talk.response(2);
    const operations = [
      { id: 3, seq: 1, create: { path: '/s2', kind: 1, data: Buffer.from('x') } },
      { id: 4, get: { path: '/s2' } },
    ];
    talk.send({ operations });
    const seen: string[] = [];
    while (!seen.includes('read')) {
      const item = await talk.items.next();
      if (item.watch !== undefined) {
        expect(item.watch.id).toBe(2);
        const [event] = item.watch.response!.events!.events;
        expect(event?.node).toMatchObject({ path: '/s2', stat: { version: 0 } });
        expect(event?.cause).toBe('client');
        seen.push('event');
      }
      if (item.response?.id === 4) seen.push('read');
    }
    expect(seen).toEqual(['event', 'read']);
    talk.end();
  });

  it('gives a repeated request its first result, on another stream too', async () => {
    const secret = newSecret();
    const first = harness.stream();
    const { session } = await open(first, 0, secret);
    const create = { seq: 1, create: { path: '/s3-', sequential: true } };
    first.send({ operations: [{ id: 5, ...create }] });
    const created = (await first.response(5)).create!;
    const second = harness.stream();
    second.send({ operations: [{ id: 6, attach: { session, secret } }] });
    const attached = (await second.response(6)).open!;
    expect(attached.lastSeq).toBe(1);
    second.send({ operations: [{ id: 7, ...create }] });
    expect((await second.response(7)).create).toEqual(created);
    first.send({ operations: [{ id: 8, seq: 2, set: { path: created.path } }] });
    const late = (await first.response(8)).error!;
    expect(late.code).toBe('MOVED');
    expect(late.outcome).toBe(0);
    const { node } = await harness.call(services.Tree.Get, { path: created.path });
    expect(node?.stat?.version).toBe(0);
    first.end();
    second.end();
  });

  it('answers an operation that makes no sense and goes on, its seq consumed', async () => {
    const talk = harness.stream();
    await open(talk);
    talk.send({
      operations: [
        { id: 21, seq: 1, create: { path: 'bad' } },
        { id: 22, seq: 2, create: { path: '/s4' } },
        { id: 23 },
        { id: 24, get: { path: '/s4', consistency: 9 } },
      ],
    });
    expect((await talk.response(23)).error?.code).toBe('INVALID_ARGUMENT');
    expect((await talk.response(24)).error?.code).toBe('INVALID_ARGUMENT');
    expect((await talk.response(21)).error?.code).toBe('INVALID_ARGUMENT');
    expect((await talk.response(22)).create?.path).toBe('/s4');
    talk.end();
  });

  it('refuses an id that is already open', async () => {
    const talk = harness.stream();
    await open(talk);
    const operation = { id: 30, get: { path: '/' } };
    talk.send({ operations: [operation, operation] });
    expect((await talk.response(30)).error?.code).toBe('PROTOCOL');
    expect((await talk.response(30)).get).toBeDefined();
    talk.end();
  });

  it('ends on a frame that is no message, and only this stream ends', async () => {
    const good = harness.stream();
    const bad = harness.stream();
    bad.send(Buffer.from([0x0a, 0xff, 0xff]));
    const end = await bad.items.end();
    expect(end?.code).toBe(status.INVALID_ARGUMENT);
    expect(end?.detail?.code).toBe('PROTOCOL');
    good.send({ operations: [{ id: 1, get: { path: '/' } }] });
    expect((await good.response(1)).get).toBeDefined();
    good.end();
  });

  it('confirms touches', async () => {
    const talk = harness.stream();
    await open(talk);
    talk.send({ touch: 77 });
    expect((await talk.items.next((item) => item.touched !== undefined)).touched).toBe(77);
    talk.end();
  });

  it('keeps the instances of its session until the session is closed', async () => {
    const talk = harness.stream();
    await open(talk);
    const register = { service: 's5', id: 'i', port: 1, registeredAt: 5, tags: { a: 'b' } };
    talk.send({ operations: [{ id: 40, seq: 1, register }] });
    const { instance } = (await talk.response(40)).register!;
    expect(instance).toMatchObject({ id: 'i', registeredAt: 5, tags: { a: 'b' } });
    const { incarnation } = instance!;
    const update = { instance: { ...register, state: 3 }, incarnation };
    talk.send({ operations: [{ id: 41, seq: 2, updateInstance: update }] });
    await talk.response(41);
    talk.send({ operations: [{ id: 42, instances: { service: 's5' } }] });
    expect((await talk.response(42)).instances?.instances).toMatchObject([
      { state: 3, incarnation },
    ]);
    talk.send({ operations: [{ id: 43, seq: 3, close: {} }] });
    await talk.response(43);
    talk.send({ operations: [{ id: 44, instances: { service: 's5' } }] });
    expect((await talk.response(44)).instances?.instances).toEqual([]);
    talk.end();
  });

  it('begins the grace when the client closes its connection, and not before', async () => {
    const client = new Client(harness.address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const talk = harness.stream(client);
    await open(talk, 250);
    talk.send({ operations: [{ id: 50, seq: 1, create: { path: '/s6', kind: 1 } }] });
    await talk.response(50);
    const exists = async () =>
      (await harness.call(services.Tree.Get, { path: '/s6' })).node !== undefined;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await exists()).toBe(true);
    const closedAt = performance.now();
    talk.cancel();
    client.close();
    let isThere = true;
    while (isThere) isThere = await exists();
    expect(performance.now() - closedAt).toBeGreaterThan(200);
    expect(performance.now() - closedAt).toBeLessThan(5_000);
  });

  it('ends watches on request', async () => {
    const talk = harness.stream();
    talk.send({ operations: [{ id: 60, watch: { path: '/s7', scope: 2 } }] });
    await talk.response(60);
    talk.send({ operations: [{ id: 61, unwatch: 60 }] });
    await talk.response(61);
    talk.send({ operations: [{ id: 62, create: { path: '/s7' } }] });
    const seen: unknown[] = [];
    await talk.items.next((item) => {
      seen.push(item.watch);
      return item.response?.id === 62;
    });
    expect(seen.filter((watch) => watch !== undefined)).toEqual([]);
    talk.end();
  });

  it('sends a large snapshot in parts, complete only with the last', async () => {
    await harness.call(services.Tree.Create, { path: '/big' });
    const data = Buffer.alloc(400_000);
    for (let i = 0; i < 8; i++) {
      await harness.call(services.Tree.Create, { path: `/big/${i}`, data });
    }
    const talk = harness.stream();
    talk.send({ operations: [{ id: 70, watch: { path: '/big', scope: 1, snapshot: true } }] });
    let nodes = 0;
    let parts = 0;
    for (let isComplete = false; !isComplete; ) {
      const item = await talk.items.next((each) => each.watch !== undefined);
      const snapshot = item.watch!.response!.snapshot!;
      nodes += snapshot.nodes.length;
      parts++;
      isComplete = snapshot.complete;
    }
    expect(nodes).toBe(8);
    expect(parts).toBeGreaterThan(2);
    talk.end();
  });

  it('leaves nothing behind when clients vanish in the middle', async () => {
    await eventually(() => harness.member.service.status().watches === 0);
    const talks = Array.from({ length: 20 }, () => harness.stream());
    for (const talk of talks) {
      talk.send({ operations: [{ id: 1, watch: { path: '/', scope: 2, snapshot: true } }] });
    }
    await Promise.all(talks.map((talk) => talk.response(1)));
    expect(harness.member.service.status().watches).toBe(20);
    for (const talk of talks) talk.cancel();
    await eventually(() => harness.member.service.status().watches === 0);
  });

  it('takes a frame of many operations at once', async () => {
    const talk = harness.stream();
    await open(talk);
    const operations = Array.from({ length: 1000 }, (_, i) => ({
      id: 100 + i,
      seq: i + 1,
      create: { path: `/many-${i}` },
    }));
    talk.send(codec('StreamRequest').encode({ operations }));
    for (let i = 0; i < 1000; i++) {
      const item = await talk.items.next((each) => each.response !== undefined);
      expect(item.response!.id).toBe(100 + i);
      expect(item.response!.create?.path).toBe(`/many-${i}`);
    }
    talk.end();
  });
});
