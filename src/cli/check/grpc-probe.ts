/** The standard question of gRPC servers, grpc.health.v1.Health/Check, over a connection of its own. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { service as health } from 'grpc-health-check';

export interface GrpcPlace {
  readonly host: string;
  readonly port: number;
  /** Empty: the server as a whole. */
  readonly service: string;
}

/** Neither a connection that others of this process hold already, nor a proxy in between. */
const CHANNEL_OPTIONS = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_http_proxy': 0 };

export function probeGrpc(place: GrpcPlace, signal: AbortSignal): Promise<string | undefined> {
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  const address = `${host}:${place.port}`;
  const client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const asked = new Promise<string | undefined>((resolve) => {
    const { path, requestSerialize, responseDeserialize } = health.Check!;
    const onAnswer = (error: ServiceError | null, answer?: object) => {
      signal.removeEventListener('abort', onAbort);
      resolve(error === null ? verdictOf(answer) : describeProblem(error));
    };
    const question = { service: place.service };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      question,
      onAnswer,
    );
    const onAbort = () => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return asked.finally(() => client.close());
}

function verdictOf(answer: object | undefined): string | undefined {
  const { status: serving } = (answer ?? {}) as { readonly status?: unknown };
  return serving === 'SERVING' ? undefined : `it says ${String(serving)}`;
}

function describeProblem({ code, details }: ServiceError): string {
  if (code === status.UNAVAILABLE) return 'no connection';
  if (code === status.NOT_FOUND) return 'it does not know the service';
  if (code === status.UNIMPLEMENTED) return 'it has no grpc.health.v1';
  return details;
}
