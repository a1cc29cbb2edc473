/**
 * What a failure means to whoever typed the command: a line that says what is wrong, a line that says
 * what to do about it, and an exit code. The table is total: a new error code without advice does not
 * compile. Nothing here prints.
 */
import { type ErrorCode, isRollcallError } from '../types/errors.js';

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** No quorum, or no member that answers. */
  noQuorum: 3,
  /** As timeout(1) has it. */
  timeout: 124,
} as const;

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** A command that has said all there is to say and ends with this code. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: number;
  readonly remedy: string;

  constructor(code: number, message = '', remedy = '') {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

export interface Failure {
  /** Empty: nothing is left to say. */
  readonly message: string;
  /** Empty: nothing helps but reading the message. */
  readonly remedy: string;
  readonly exitCode: number;
}

interface Advice {
  readonly remedy: string;
  readonly exitCode: number;
}

const advise = (remedy: string): Advice => ({ remedy, exitCode: EXIT.failure });

export const START_ONE =
  'start one with `rollcall dev`, or pass client addresses (port 8655) with --endpoints / ROLLCALL_ENDPOINTS';
const SEE_STATUS = 'see `rollcall status` and `rollcall members`, then try again';
const REPORT = 'look at the log of the member; if it happens again, report it with that log';

const ADVICE: Readonly<Record<ErrorCode, Advice>> = {
  NO_NODE: advise('check the name with `rollcall services` and `rollcall instances SERVICE`'),
  NODE_EXISTS: advise('choose another name, or change the one that is there'),
  NO_PARENT: advise('create the parent first, as with `tree create --parents`'),
  BAD_VERSION: advise('somebody changed it meanwhile: read it again, then decide'),
  NOT_EMPTY: advise('delete what is below it first'),
  NO_CHILDREN_FOR_EPHEMERALS: advise('put it below a node that is not ephemeral'),
  GUARD_FAILED: advise('a condition no longer holds: read again, then decide'),
  INVALID_ARGUMENT: { remedy: 'see --help of the command', exitCode: EXIT.usage },
  TOO_LARGE: advise('a node holds 1 MiB at most: store the bulk elsewhere and its place here'),
  SESSION_EXPIRED: advise('run the command again: it opens a new session'),
  MOVED: advise('the same session was attached elsewhere: only one place may use it'),
  WRONG_SECRET: advise('the session belongs to somebody else: open one of your own'),
  SEQ_GAP: advise(REPORT),
  SEQ_REUSED: advise(REPORT),
  RESULT_DROPPED: advise('the result is gone: read the state to see whether it was applied'),
  WINDOW_FULL: advise(
    'too many requests are open in this session: let some finish, then try again',
  ),
  NO_SESSION: advise('run the command again: it opens a new session'),
  ID_IN_USE: advise('choose another --id, end the holder, or displace it with --takeover'),
  REPLACED: advise('another registration took the id: give each registrar its own --id'),
  DENIED: advise('ask for permission on that path, or use other credentials'),
  QUOTA_EXCEEDED: advise('delete what is no longer needed there, or have the quota raised'),
  NO_QUORUM: {
    remedy: 'a majority of the members must run and reach each other: see `rollcall members`',
    exitCode: EXIT.noQuorum,
  },
  TIMEOUT: { remedy: SEE_STATUS, exitCode: EXIT.timeout },
  ABORTED: advise('it was given up before it ended: try again'),
  OVERLOADED: advise('the member takes no more for now: try again in a moment'),
  BEHIND: advise('the member has not caught up yet: try again, or ask another with --endpoints'),
  UNAVAILABLE: { remedy: START_ONE, exitCode: EXIT.noQuorum },
  CLOSED: advise('the connection was closed: try again'),
  PROTOCOL: advise(
    'is a member of Rollcall listening there, of a fitting version? check --endpoints',
  ),
  FUTURE_REVISION: advise('the cluster has not reached that revision: was it rebuilt or restored?'),
  COMPACTED: advise('that history is gone: start again from a snapshot'),
  WRONG_CLUSTER: advise('the endpoints belong to different clusters: check --endpoints'),
  NO_INSTANCE: advise(
    'see `rollcall instances SERVICE`, or wait for one with `rollcall wait SERVICE`',
  ),
  DEREGISTERED: advise('ask `rollcall why SERVICE/ID` who removed it, and why'),
  UNIMPLEMENTED: advise('the member is of an older version: upgrade it'),
  CORRUPT: advise('a member found damaged data and fenced it off: see its log'),
  INTERNAL: advise(REPORT),
};

/** `where`: the endpoints that were asked, for the one message that needs them. */
export function describeFailure(error: unknown, where: string): Failure {
  if (error instanceof Exit) {
    return { message: error.message, remedy: error.remedy, exitCode: error.code };
  }
  if (error instanceof UsageError) {
    return { message: error.message, remedy: error.remedy, exitCode: EXIT.usage };
  }
  if (isRollcallError(error)) {
    // A code from a newer member has no row here.
    const advice = ADVICE[error.code] ?? ADVICE.INTERNAL;
    const message =
      error.code === 'UNAVAILABLE'
        ? `no member answers at ${error.endpoint ?? where}`
        : error.message;
    const doubt = error.outcome === 'unknown' ? ' (it may have been applied)' : '';
    return { message: message + doubt, ...advice };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: text, remedy: REPORT, exitCode: EXIT.failure };
}
