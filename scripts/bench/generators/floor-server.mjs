/** A gRPC server whose only method answers nothing, at once. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { serveSteps } from './generator.mjs';

const NOTHING = Buffer.alloc(0);
const asIs = (bytes) => bytes;

const definition = {
  Nothing: {
    path: '/bench.Floor/Nothing',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

serveSteps({
  run: () =>
    new Promise((resolve, reject) => {
      const server = new Server();
      server.addService(definition, { Nothing: (_call, answer) => answer(null, NOTHING) });
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve({ port }) : reject(error),
      );
    }),
});
