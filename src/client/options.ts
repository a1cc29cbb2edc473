/**
 * What a client was given, made whole: defaults in, nonsense refused by the name of its option, so that
 * nothing of it turns into a strange failure much later.
 */
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { SESSION_LABEL_BYTES_MAX } from '../types/limits.js';
import { type Backoff, RECONNECT_BACKOFF } from './core/backoff.js';
import { check } from './core/checks.js';
import { TIMEOUT_MS_MAX } from './core/limit.js';
import { guarded } from './core/log.js';
import { Namespace, namespaceProblem } from './core/namespace.js';
import type { ClientLogger, ClientOptions, RetryPolicy, TlsOptions } from './types.js';

export interface ClientTerms {
  readonly timeoutMs: number;
  readonly learnMembers: boolean;
  readonly failFast: boolean;
  readonly label: string;
  readonly namespace: Namespace;
  readonly zone: string | undefined;
  readonly backoff: Backoff;
  readonly tls: TlsOptions | undefined;
  readonly log: ClientLogger;
  readonly signal: AbortSignal | undefined;
}

const TIMEOUT_MS_DEFAULT = 5_000;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Throws INVALID_ARGUMENT. */
export function clientTerms(options: ClientOptions): ClientTerms {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, learnMembers = true, failFast = false } = options;
  const { label = defaultLabel(), namespace, locality, retry = {}, tls, logger, signal } = options;
  checkMs('timeoutMs', timeoutMs);
  check('learnMembers', typeof learnMembers === 'boolean', 'true or false');
  check('failFast', typeof failFast === 'boolean', 'true or false');
  checkLabel(label);
  checkNamespace(namespace);
  check('locality.zone', locality === undefined || isText(locality?.zone), 'a name');
  checkLogger(logger);
  check('signal', signal === undefined || signal instanceof AbortSignal, 'an AbortSignal');
  checkTls(tls);
  return {
    ...{ timeoutMs, learnMembers, failFast, label, tls, signal },
    namespace: new Namespace(namespace),
    zone: locality?.zone,
    backoff: backoffOf(retry),
    log: guarded(logger),
  };
}

function backoffOf(retry: RetryPolicy): Backoff {
  check('retry', typeof retry === 'object' && retry !== null, '{ initialMs, maxMs }');
  const { initialMs = RECONNECT_BACKOFF.baseMs, maxMs = RECONNECT_BACKOFF.maxMs } = retry;
  checkMs('retry.initialMs', initialMs);
  checkMs('retry.maxMs', maxMs);
  check('retry.maxMs', maxMs >= initialMs, `at least retry.initialMs, which is ${initialMs}`);
  return { baseMs: initialMs, maxMs };
}

function checkMs(option: string, value: unknown): void {
  const isMs = typeof value === 'number' && value >= 1 && value <= TIMEOUT_MS_MAX;
  check(option, isMs, `milliseconds from 1 to ${TIMEOUT_MS_MAX}`);
}

function checkLabel(label: unknown): void {
  const isFit = typeof label === 'string' && Buffer.byteLength(label) <= SESSION_LABEL_BYTES_MAX;
  check('label', isFit, `text of at most ${SESSION_LABEL_BYTES_MAX} bytes`);
}

function checkNamespace(namespace: unknown): void {
  if (namespace === undefined) return;
  const problem = typeof namespace === 'string' ? namespaceProblem(namespace) : 'no text';
  check('namespace', problem === undefined, `a path: ${problem}`);
}

function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const methods = (logger ?? {}) as Record<string, unknown>;
  const isLogger = LOG_LEVELS.every((level) => typeof methods[level] === 'function');
  check('logger', isLogger, `an object with the functions ${LOG_LEVELS.join(', ')}`);
}

function checkTls(tls: unknown): void {
  if (tls === undefined) return;
  check('tls', typeof tls === 'object' && tls !== null, '{ ca, certificate, key, serverName }');
  const { ca, certificate, key, serverName } = tls as Record<string, unknown>;
  for (const [name, value] of Object.entries({ ca, certificate, key })) {
    const isPem = value === undefined || typeof value === 'string' || value instanceof Uint8Array;
    check(`tls.${name}`, isPem, 'PEM as text or bytes');
  }
  check('tls.serverName', serverName === undefined || isText(serverName), 'a host name');
  const isPair = (certificate === undefined) === (key === undefined);
  check('tls.certificate', isPair, 'given together with tls.key, or neither');
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Cut by characters, so that it stays text. */
function defaultLabel(): string {
  const program = basename(process.argv[1] ?? process.title);
  let label = `${program} pid ${process.pid} on ${hostname()}`;
  while (Buffer.byteLength(label) > SESSION_LABEL_BYTES_MAX) label = label.slice(1);
  return label;
}
