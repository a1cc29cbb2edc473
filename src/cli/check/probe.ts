/**
 * One question to a server: is it well? Each probe opens a connection of its own, so that it sees what a new
 * caller would see, and leaves nothing open. Probes never reject and end as soon as `signal` aborts.
 */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { CHECK_BODY_BYTES_MAX } from '../../types/limits.js';
import { probeGrpc } from './grpc-probe.js';
import type { CheckTarget } from './target.js';

/** Why it is not well; undefined: it is. */
export type Verdict = string | undefined;

export function probe(target: CheckTarget, signal: AbortSignal): Promise<Verdict> {
  if (signal.aborted) return Promise.resolve('given up');
  if (target.type === 'http') return probeHttp(target.url, signal);
  return target.type === 'tcp' ? probeTcp(target, signal) : probeGrpc(target, signal);
}

/**
 * The status decides; the body is read past, so that the server can finish, but no further than a bound. The
 * certificate is not verified: the check names a place of the operator's choice, and tells it nothing.
 */
function probeHttp(url: string, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve) => {
    const request = url.startsWith('https:') ? requestTls : requestPlain;
    const headers = { connection: 'close', 'user-agent': 'rollcall-check' };
    const call = request(url, { agent: false, rejectUnauthorized: false, headers, signal });
    const onError = (error: Error) => resolve(describeProblem(error));
    call.once('error', onError);
    call.once('response', (response) => {
      const { statusCode = 0 } = response;
      // It has answered: what goes wrong from here on is no matter.
      call.off('error', onError).on('error', () => {});
      let bytes = 0;
      response.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes > CHECK_BODY_BYTES_MAX) response.destroy();
      });
      response.on('error', () => {});
      const isWell = statusCode >= 200 && statusCode <= 299;
      response.once('close', () => resolve(isWell ? undefined : `it answered ${statusCode}`));
    });
    call.end();
  });
}

function probeTcp(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const onAbort = () => settle('given up');
    const settle = (verdict: Verdict) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(verdict);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => settle(undefined));
    socket.once('error', (error) => settle(describeProblem(error)));
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up',
  ETIMEDOUT: 'no answer',
};

function describeProblem(error: NodeJS.ErrnoException): string {
  return PROBLEMS[error.code ?? ''] ?? (error.message || String(error.code));
}
