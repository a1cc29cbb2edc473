/** A gRPC server in this language that does nothing: the wall that no unary call gets past. */
import { fileURLToPath } from 'node:url';
import { startGenerator } from '../generators/generator.mjs';
import { removeFolder } from '../processes.mjs';
import { VALUE } from '../settings.mjs';

const SERVER = fileURLToPath(new URL('../generators/floor-server.mjs', import.meta.url));

export async function startFloor({ folder, profile }) {
  const server = startGenerator(SERVER, { profile });
  const { port } = await server.ask({});
  const member = { name: 'server', address: `127.0.0.1:${port}`, pid: server.pid };
  return {
    name: 'grpc-js',
    members: [member],
    unary: { floor: { path: '/bench.Floor/Nothing', message: VALUE } },
    leader: async () => member,
    stop: async () => {
      await server.end();
      removeFolder(folder);
    },
  };
}
