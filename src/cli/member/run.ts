/**
 * Runs a member from its flags until it is told to stop: prints one line when it serves, leaves cleanly
 * on a signal (or when its parent is gone, if asked), and ends with code 1 when the member fails.
 */
import { grpcFace } from '../../faces/grpc/server.js';
import { httpFace } from '../../faces/http/server.js';
import type { MemberOptions } from '../../server/config.js';
import { type RunningMember, startMember } from '../../server/main.js';
import { EXIT, Exit, UsageError } from '../errors.js';
import { printLine } from '../output.js';
import { dataDirProblem } from './config/data-dir.js';
import { readSettings, type ServeFlags } from './config/sources.js';
import { createLogger, type MemberLogger } from './logger.js';
import { startFailure } from './start-failure.js';

/** An unprotected member reminds its operator this often. */
const EXPOSURE_REMINDER_MS = 60_000;

interface RunFlags extends ServeFlags {
  readonly exitWithParent?: boolean | undefined;
}

export async function runMember(flags: RunFlags): Promise<void> {
  const options = memberOptions(flags);
  const logger = createLogger(options);
  const stop = stopSignal(flags.exitWithParent === true);
  remindOfExposure(options, logger);
  const member = await start(options, logger, stop);
  await serveUntilStopped({ member, options, logger, stop });
}

function memberOptions(flags: ServeFlags): MemberOptions {
  const { parsed } = readSettings(flags, process.env);
  if (!parsed.ok) throw new UsageError(parsed.problems.join('\n'), 'see `rollcall serve --help`');
  const problem = dataDirProblem(parsed.options.dataDir);
  if (problem === undefined) return parsed.options;
  throw new Exit(EXIT.failure, problem, 'name a folder with --data that this user may write to');
}

async function start(
  options: MemberOptions,
  logger: MemberLogger,
  stop: AbortSignal,
): Promise<RunningMember> {
  try {
    return await startMember(memberConfig(options, logger, stop));
  } catch (error) {
    // Told to stop while it still waited for the other founders.
    if (stop.aborted) process.exit(EXIT.ok);
    throw startFailure(error, options);
  }
}

function memberConfig(options: MemberOptions, logger: MemberLogger, signal: AbortSignal) {
  const { name, dataDir, initialMembers, peerListen, clientAddress, httpAddress } = options;
  return {
    name,
    dataDir,
    initialMembers,
    peerListen,
    clientAddress,
    httpAddress,
    maxConnections: options.maxConnections,
    logger,
    signal,
    faces: [grpcFace({ listen: options.clientListen }), httpFace({ listen: options.httpListen })],
  };
}

interface Serving {
  readonly member: RunningMember;
  readonly options: MemberOptions;
  readonly logger: MemberLogger;
  readonly stop: AbortSignal;
}

async function serveUntilStopped({ member, options, logger, stop }: Serving): Promise<never> {
  printLine(
    `ready  ${options.name}  client ${options.clientAddress}  ` +
      `peer ${options.peerListen}  http ${options.httpAddress}`,
  );
  const failure = await Promise.race([member.failed, aborted(stop)]);
  if (failure === undefined) {
    logger.info({ cause: stop.reason }, 'stopping');
    await member.close();
    process.exit(EXIT.ok);
  }
  logger.error({ err: failure }, 'the member has failed and stops');
  process.exit(EXIT.failure);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Aborts with what asked for the end. A second signal ends at once. */
function stopSignal(withParent: boolean): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT.failure);
      controller.abort(signal);
    });
  }
  if (!withParent) return controller.signal;
  for (const event of ['close', 'error']) {
    process.stdin.once(event, () => controller.abort('the parent is gone'));
  }
  process.stdin.resume();
  // Waiting for the parent's end keeps nobody: a member that fails to start ends by itself.
  process.stdin.unref();
  return controller.signal;
}

function remindOfExposure(options: MemberOptions, logger: MemberLogger): void {
  if (!options.isExposed) return;
  const remind = () =>
    logger.warn({ listen: options.peerListen }, 'anyone who reaches this member controls it');
  remind();
  setInterval(remind, EXPOSURE_REMINDER_MS).unref();
}
