/**
 * What a member that could not start says: what is in its way, and the flag or the act that helps. A
 * failure it does not know is passed on as it is.
 */
import type { MemberOptions } from '../../server/config.js';
import { isRollcallError } from '../../types/errors.js';
import { EXIT, Exit } from '../errors.js';

type Places = Pick<MemberOptions, 'clientListen' | 'peerListen' | 'httpListen' | 'dataDir'>;

export function startFailure(error: unknown, places: Places): unknown {
  const message = error instanceof Error ? error.message : String(error);
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return portInUse(message, places);
    case 'EBUSY':
      return failure(message, 'stop it, or give this member a directory of its own with --data');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'ENOTDIR':
      return failure(message, `may this user write to ${places.dataDir}?`);
    case 'WRONG_CLUSTER':
      return failure(message, `if ${places.dataDir} is not its directory, name that with --data`);
    default:
      return error;
  }
}

function failure(message: string, remedy: string): Exit {
  return new Exit(EXIT.failure, message, remedy);
}

/** Told by its text: what listens is wrapped more than once on its way here. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/EADDRINUSE/.test(`${error.message} ${causeText(error)}`)) return 'EADDRINUSE';
  return isRollcallError(error) ? error.code : (error as NodeJS.ErrnoException).code;
}

function causeText({ cause }: Error): string {
  return cause instanceof Error ? cause.message : '';
}

function portInUse(message: string, places: Places): Exit {
  const listens = [
    ['--client-port', places.clientListen],
    ['--peer-port', places.peerListen],
    ['--http-port', places.httpListen],
  ] as const;
  const found = listens.find(([, address]) => message.includes(address));
  if (found === undefined) return failure(message, 'choose other ports');
  const [flag, address] = found;
  const remedy = `end the process that listens there, or choose another port with ${flag}`;
  return failure(`${address} is in use`, remedy);
}
