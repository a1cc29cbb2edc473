/** Both transports sit the same exam. */
import { createGrpcTransport, type GrpcTransport } from '../../src/transport/grpc-transport.js';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import { CALM_POLICY } from '../../src/transport/network-policy.js';
import type { Transport } from '../../src/transport/transport.js';
import { describeTransport, memberId, type TransportsUnderTest } from '../contract/transport.js';
import { silentLogger } from './support.js';

describeTransport('gRPC transport', async (): Promise<TransportsUnderTest> => {
  const opened: Transport[] = [];
  const addresses = new Map<string, string>();
  return {
    open: async (name, clusterId) => {
      const transport: GrpcTransport = await createGrpcTransport({
        listen: addresses.get(name) ?? '127.0.0.1:0',
        self: { id: memberId(name), name },
        logger: silentLogger,
      });
      opened.push(transport);
      addresses.set(name, transport.address);
      await transport.meet({ initialMembers: [], known: { clusterId, founders: [] } });
      return transport;
    },
    kill: (transport) => transport.close(),
    dispose: async () => {
      await Promise.all(opened.map((transport) => transport.close()));
    },
  };
});

describeTransport('transport in memory', async (): Promise<TransportsUnderTest> => {
  const network = new MemoryNetwork({
    schedule: (delayMs, fn) => {
      if (delayMs === 0) setImmediate(fn);
      else setTimeout(fn, delayMs).unref();
    },
    policy: CALM_POLICY,
  });
  return {
    open: async (name, clusterId) =>
      network.join({ self: { id: memberId(name), name }, clusterId }),
    kill: (transport) => transport.close(),
    dispose: async () => {},
  };
});
