/**
 * What callers give, checked where they give it: what is none fails its own call at once and by name,
 * and never travels on a connection that others use.
 */
import { codec } from '../../rpc/definitions.js';
import { RollcallError } from '../../types/errors.js';
import { INSTANCE_STATES } from '../../types/instance.js';
import { nameProblem } from '../../types/path.js';
import type { InstanceFilter, WatchOptions } from '../types.js';
import { TIMEOUT_MS_MAX, timeoutProblem } from './limit.js';
import type { OperationBody } from './operation.js';

export function check(option: string, isFit: boolean, wanted: string): asserts isFit {
  if (!isFit) throw invalid(`option ${option} must be ${wanted}`);
}

/** `problem`: as a message tells it, `.field: what is wanted`. */
export function checkRequest(problem: string | undefined): void {
  if (problem !== undefined) throw invalid(problem.replace(/^\./, ''));
}

/** Once for every call: looked up once. */
let operationProblem: ((body: OperationBody) => string | undefined) | undefined;

export function checkOperation(body: OperationBody): void {
  operationProblem ??= codec('StreamOperation').problem;
  checkRequest(operationProblem(body));
}

export function checkService(service: unknown): void {
  checkName('not the name of a service', service);
}

export function checkName(what: string, name: unknown): void {
  const problem = typeof name === 'string' ? nameProblem(name) : 'no text';
  if (problem !== undefined) throw invalid(`${what}: ${problem}`);
}

export function checkTimeout(timeoutMs: number): void {
  const problem = timeoutProblem(timeoutMs);
  if (problem !== undefined) throw invalid(problem);
}

/** Unset is fit. */
export function checkWhole(option: string, value: number | undefined): void {
  const isFit = value === undefined || (Number.isInteger(value) && value >= 0);
  check(option, isFit && (value ?? 0) <= TIMEOUT_MS_MAX, 'a whole number from 0');
}

export function checkSignal(signal: AbortSignal | undefined): void {
  check('signal', isSignal(signal), 'an AbortSignal');
}

/** Of whatever realm or library. */
export function isSignal(signal: AbortSignal | undefined): boolean {
  return signal === undefined || typeof signal?.addEventListener === 'function';
}

export function checkListener(listener: unknown): void {
  check('listener', typeof listener === 'function', 'a function');
}

export function checkState(state: unknown): void {
  const states: readonly unknown[] = INSTANCE_STATES;
  check('state', state === undefined || states.includes(state), INSTANCE_STATES.join(', '));
}

export function checkFilter(filter: InstanceFilter | undefined): void {
  if (filter === undefined) return;
  check('filter', typeof filter === 'object' && filter !== null, '{ tags, zone, states }');
  const { tags, zone = '', states = [] } = filter;
  check('filter.states', Array.isArray(states), 'a list of states');
  for (const state of states) checkState(state);
  const problem = codec('InstanceFilter').problem({ tags, zone });
  checkRequest(problem && `filter${problem}`);
}

const SCOPES: readonly unknown[] = ['node', 'children', 'subtree'];

export function checkWatch(path: string, options: WatchOptions): void {
  const { scope = 'node', from = 'snapshot', buffer = 1, onOverflow = 'resync', signal } = options;
  check('path', typeof path === 'string', 'text');
  check('scope', SCOPES.includes(scope), SCOPES.join(', '));
  const isRevision = Number.isSafeInteger(from) && (from as number) >= 0;
  check('from', isRevision || from === 'snapshot' || from === 'now', 'snapshot, now or a revision');
  check('buffer', Number.isInteger(buffer) && buffer >= 1, 'a whole number from 1');
  check('onOverflow', onOverflow === 'resync' || onOverflow === 'fail', 'resync or fail');
  checkSignal(signal);
}

function invalid(message: string): RollcallError {
  return new RollcallError('INVALID_ARGUMENT', message);
}
