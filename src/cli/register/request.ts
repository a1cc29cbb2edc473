/**
 * What was asked of `rollcall register`, judged as a whole before anything is contacted: which options go
 * together, which port, and what the SDK is to be told.
 */
import type { InstanceState, InstanceTarget, RegisterOptions } from '../../client/index.js';
import type { CheckPlan } from '../check/target.js';
import { UsageError } from '../errors.js';
import { findFreePort } from '../ports.js';

export interface RegisterFlags {
  readonly port?: number | 'auto';
  readonly address?: string;
  readonly id?: string;
  readonly protocol?: string;
  readonly weight?: number;
  readonly zone?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly namedPort?: Readonly<Record<string, number>>;
  readonly state?: InstanceState;
  readonly check?: CheckPlan;
  readonly checkInterval: number;
  readonly checkTimeout: number;
  readonly checkRise: number;
  readonly checkFall: number;
  readonly static?: true;
  readonly sessionTimeout?: number;
  readonly grace?: number;
  readonly takeover?: true;
  readonly dryRun?: true;
}

export interface Request {
  readonly service: string;
  /** Empty: the server runs already, and is none of ours. */
  readonly commandLine: readonly string[];
  readonly flags: RegisterFlags;
}

/** What the SDK's `register` takes. */
export interface Wanted {
  readonly service: string;
  readonly target: InstanceTarget;
  readonly options: RegisterOptions;
}

export function checkTogether({ service, commandLine, flags }: Request): void {
  const isWrapped = commandLine.length > 0;
  if (isWrapped && flags.static) {
    throw new UsageError(
      'a static registration outlives every command',
      `register it without one: rollcall register ${service} --port N --static`,
    );
  }
  if (flags.state !== undefined && (isWrapped || flags.check !== undefined)) {
    const what = isWrapped ? 'COMMAND' : '--check';
    throw new UsageError(`the state follows ${what}`, 'leave out --state');
  }
}

export async function choosePort({ commandLine, flags, service }: Request): Promise<number> {
  if (typeof flags.port === 'number') return flags.port;
  if (commandLine.length > 0) return findFreePort();
  const missing = flags.port === 'auto' ? 'auto needs a COMMAND to give the port to' : 'no port';
  throw new UsageError(
    missing,
    `pass --port N, or a command: rollcall register ${service} -- COMMAND`,
  );
}

export function wantedBy(request: Request, port: number): Wanted {
  const { address, id, protocol, weight, zone, tag, namedPort, takeover } = request.flags;
  return {
    service: request.service,
    target: { port, address, protocol, weight, zone, tags: tag, ports: namedPort },
    options: {
      id,
      takeover,
      static: request.flags.static,
      state: firstState(request),
      sessionTimeoutMs: request.flags.sessionTimeout,
      graceMs: request.flags.grace,
    },
  };
}

/** Where nothing is known of the server, it is taken to be UP. */
function firstState({ commandLine, flags }: Request): InstanceState {
  if (flags.state !== undefined) return flags.state;
  return commandLine.length > 0 || flags.check !== undefined ? 'STARTING' : 'UP';
}
