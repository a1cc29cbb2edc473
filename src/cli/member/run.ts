/**
 * Runs a member from its flags until it is told to stop: prints one line when it serves, leaves cleanly
 * on a signal (or when its parent is gone, if asked), and ends with code 1 when the member fails.
 */
import { grpcFace } from '../../faces/grpc/server.js';
import { httpFace } from '../../faces/http/server.js';
import { type MemberFlags, type MemberOptions, parseMemberFlags } from '../../server/config.js';
import { type RunningMember, startMember } from '../../server/main.js';
import { EXIT, Exit, UsageError } from '../errors.js';
import { printLine } from '../output.js';
import { createLogger, type MemberLogger } from './logger.js';

/** An unprotected member reminds its operator this often. */
const EXPOSURE_REMINDER_MS = 60_000;

interface RunFlags extends MemberFlags {
  readonly exitWithParent?: boolean | undefined;
}

export async function runMember(flags: RunFlags): Promise<void> {
  const parsed = parseMemberFlags(flags);
  if (!parsed.ok) throw new UsageError(parsed.problems.join('\n'), 'see `rollcall serve --help`');
  const { options } = parsed;
  const logger = createLogger(options);
  const stop = stopRequest(flags.exitWithParent === true);
  const starting = startMember(memberConfig(options, logger));
  const member = await Promise.race([starting, stop]).catch((error: unknown) => {
    throw startFailure(error, options);
  });
  // Told to stop while it still waited for the others: nothing serves yet.
  if (typeof member === 'string') process.exit(EXIT.ok);
  await serveUntilStopped({ member, options, logger, stop });
}

function memberConfig(options: MemberOptions, logger: MemberLogger) {
  const { name, dataDir, initialMembers, peerListen, clientAddress, httpAddress } = options;
  return {
    name,
    dataDir,
    initialMembers,
    peerListen,
    clientAddress,
    httpAddress,
    logger,
    faces: [grpcFace({ listen: options.clientListen }), httpFace({ listen: options.httpListen })],
  };
}

interface Serving {
  readonly member: RunningMember;
  readonly options: MemberOptions;
  readonly logger: MemberLogger;
  readonly stop: Promise<string>;
}

async function serveUntilStopped({ member, options, logger, stop }: Serving): Promise<never> {
  remindOfExposure(options, logger);
  printLine(
    `ready  ${options.name}  client ${options.clientAddress}  ` +
      `peer ${options.peerListen}  http ${options.httpAddress}`,
  );
  const end = await Promise.race([stop, member.failed]);
  if (typeof end === 'string') {
    logger.info({ cause: end }, 'stopping');
    await member.close();
    process.exit(EXIT.ok);
  }
  logger.error({ err: end }, 'the member has failed and stops');
  process.exit(EXIT.failure);
}

/** Resolves with what asked for the end. A second signal ends at once. */
function stopRequest(withParent: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(EXIT.failure));
      });
    }
    if (!withParent) return;
    process.stdin.once('close', () => resolve('the parent is gone'));
    process.stdin.once('error', () => resolve('the parent is gone'));
    process.stdin.resume();
  });
}

function startFailure(error: unknown, options: MemberOptions): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return new Exit(EXIT.failure, message, 'choose other ports');
  if (code === 'EACCES' || code === 'EPERM') {
    return new Exit(EXIT.failure, message, `may this user write to ${options.dataDir}?`);
  }
  return error;
}

function remindOfExposure(options: MemberOptions, logger: MemberLogger): void {
  if (!options.isExposed) return;
  const remind = () =>
    logger.warn({ listen: options.clientListen }, 'anyone who reaches this member controls it');
  remind();
  setInterval(remind, EXPOSURE_REMINDER_MS).unref();
}
