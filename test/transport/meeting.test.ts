/** The founding meeting over real sockets: who founds, who adopts, who must not start. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  clusterIdOf,
  describeDifference,
  type InitialMember,
} from '../../src/transport/founding.js';
import { createGrpcTransport, type GrpcTransport } from '../../src/transport/grpc-transport.js';
import { asMemberId } from '../../src/types/ids.js';
import { memberId } from '../contract/transport.js';
import { silentLogger } from './support.js';

const opened: GrpcTransport[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

async function open(name: string, id = memberId(name), listen = '127.0.0.1:0') {
  const transport = await createGrpcTransport({ listen, self: { id, name }, logger: silentLogger });
  opened.push(transport);
  return transport;
}

async function openAll(names: string): Promise<[GrpcTransport[], InitialMember[]]> {
  const transports = await Promise.all([...names].map((name) => open(name)));
  const initialMembers = transports.map((transport, i) => ({
    name: names[i]!,
    peerAddress: transport.address,
  }));
  return [transports, initialMembers];
}

describe('founding meeting', () => {
  it('gives all founders the same cluster id, whatever the order of their lists', async () => {
    const [transports, initialMembers] = await openAll('abc');
    const reversed = [...initialMembers].reverse();
    const founded = await Promise.all(
      transports.map((transport, i) =>
        transport.meet({ initialMembers: i === 1 ? reversed : initialMembers }),
      ),
    );
    const ids = new Set(founded.map(({ clusterId }) => clusterId));
    expect(ids.size).toBe(1);
    expect([...ids][0]).toMatch(/^[0-9a-f]{32}$/);
    for (const { founders } of founded) {
      expect(founders).toHaveLength(3);
      expect(founders).toContainEqual({
        id: memberId('b'),
        name: 'b',
        peerAddress: initialMembers[1]!.peerAddress,
      });
    }
  });

  it('founds a cluster of one without asking anybody', async () => {
    const [[alone], initialMembers] = await openAll('a');
    const founded = await alone!.meet({ initialMembers });
    expect(founded.founders.map(({ name }) => name)).toEqual(['a']);
  });

  it('founds nothing before the last initial member is there', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    const c = await open('c');
    const address = c.address;
    await c.close();
    const all = [...initialMembers, { name: 'c', peerAddress: address }];
    let founded = 0;
    const waiting = [a!, b!].map(async (transport) => {
      const result = await transport.meet({ initialMembers: all });
      founded++;
      return result;
    });
    const late = await open('c', memberId('c'), address);
    expect(founded).toBe(0);
    const last = await late.meet({ initialMembers: all });
    for (const result of await Promise.all(waiting)) expect(result.clusterId).toBe(last.clusterId);
  });

  it('lets a founder that lost only the cluster id adopt it from the others', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    const [first] = await Promise.all([a!.meet({ initialMembers }), b!.meet({ initialMembers })]);
    await b!.close();
    const again = await open('b', memberId('b'), initialMembers[1]!.peerAddress);
    const adopted = await again.meet({ initialMembers });
    expect(adopted).toEqual(first);
  });

  it('refuses a member whose disk is empty when the cluster exists', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    await Promise.all([a!.meet({ initialMembers }), b!.meet({ initialMembers })]);
    await b!.close();
    const emptied = await open('b', asMemberId('e'.repeat(16)), initialMembers[1]!.peerAddress);
    await expect(emptied.meet({ initialMembers })).rejects.toMatchObject({
      code: 'WRONG_CLUSTER',
      message: expect.stringMatching(/must rejoin as a new member/),
    });
  });

  it('asks nobody when the disk knows the cluster, and answers the others', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    const known = {
      clusterId: clusterIdOf([]),
      founders: [
        { id: memberId('a'), ...initialMembers[0]! },
        { id: memberId('b'), ...initialMembers[1]! },
      ],
    };
    expect(await a!.meet({ initialMembers, known })).toEqual(known);
    expect(await b!.meet({ initialMembers })).toEqual(known);
  });

  it('says where two lists of initial members differ', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    const other = [...initialMembers, { name: 'c', peerAddress: '127.0.0.1:1' }];
    const results = await Promise.allSettled([
      a!.meet({ initialMembers }),
      b!.meet({ initialMembers: other }),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/c is only/) },
      });
    }
  });

  it('notices a wrong name at an address, its own address, and its own absence', async () => {
    const [[a, b], initialMembers] = await openAll('ab');
    void b!.meet({ initialMembers }).catch(() => {});
    const wrong = [initialMembers[0]!, { name: 'x', peerAddress: initialMembers[1]!.peerAddress }];
    const invalid = { code: 'INVALID_ARGUMENT' };
    await expect(a!.meet({ initialMembers: wrong })).rejects.toMatchObject(invalid);
    const c = await open('c');
    const mine = [
      { name: 'c', peerAddress: 'x:1' },
      { name: 'd', peerAddress: c.address },
    ];
    await expect(c.meet({ initialMembers: mine })).rejects.toMatchObject(invalid);
    const d = await open('d');
    await expect(d.meet({ initialMembers })).rejects.toMatchObject(invalid);
  });

  it('tells a new member which cluster it joins', async () => {
    const [[a], initialMembers] = await openAll('a');
    const founded = await a!.meet({ initialMembers });
    const joiner = await open('n');
    const joinVia = ['127.0.0.1:1', a!.address];
    expect(await joiner.meet({ initialMembers: [], joinVia })).toEqual(founded);
  });

  it('can be called off, and ends when the transport closes', async () => {
    const [[a, b]] = await openAll('ab');
    const nobody = (name: string) => [
      { name, peerAddress: '127.0.0.1:1' },
      { name: 'z', peerAddress: '127.0.0.1:1' },
    ];
    const calledOff = new AbortController();
    const first = a!.meet({ initialMembers: nobody('a'), signal: calledOff.signal });
    const second = b!.meet({ initialMembers: nobody('b') });
    calledOff.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    await Promise.all([expect(second).rejects.toMatchObject({ code: 'ABORTED' }), b!.close()]);
  });
});

describe('listening for peers', () => {
  it('says that a port is taken, with the address', async () => {
    const first = await open('a');
    await expect(open('b', memberId('b'), first.address)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      endpoint: first.address,
      message: expect.stringContaining(first.address),
    });
  });

  it('refuses an address that is none', async () => {
    await expect(open('a', memberId('a'), 'nowhere')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('lists of founders', () => {
  it('differ by name and by address, not by order', () => {
    const a = { name: 'a', peerAddress: 'h:1' };
    const b = { name: 'b', peerAddress: 'h:2' };
    expect(describeDifference([a, b], [b, a])).toBeUndefined();
    expect(describeDifference([a], [{ ...a, peerAddress: 'h:9' }])).toBe(
      'a is at h:1 here and at h:9 there',
    );
    expect(describeDifference([a], [b])).toBe('a is only here; b is only there');
  });

  it('give another cluster id when one id changes', () => {
    const list = (id: string) => [{ id: asMemberId(id), name: 'a', peerAddress: 'h:1' }];
    expect(clusterIdOf(list('1'))).not.toBe(clusterIdOf(list('2')));
    expect(clusterIdOf(list('1'))).toBe(
      clusterIdOf([{ ...list('1')[0]!, peerAddress: 'moved:1' }]),
    );
  });
});
