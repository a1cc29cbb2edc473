/**
 * A cluster of real member processes on this machine, kept running until closed. What it starts it
 * ends: members cannot outlive this process, however it dies.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOST, type MemberPlan, planMembers } from './local/ports.js';
import { Supervised } from './local/supervised.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const READY_POLL_MS = 25;

export interface LocalClusterOptions {
  readonly members: number;
  readonly basePort: number;
  readonly dataDir: string;
  readonly logLevel?: string | undefined;
  /** What happened to a member, for people. */
  readonly onEvent?: (name: string, what: string) => void;
  /** A line of a member's log, as JSON. */
  readonly onLog?: (line: string) => void;
}

export interface LocalMember {
  readonly name: string;
  readonly clientAddress: string;
  readonly httpAddress: string;
  readonly dataDir: string;
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
}

export interface LocalCluster {
  readonly members: readonly LocalMember[];
  /** HOST:PORT, separated by commas. */
  readonly endpoints: string;
  /** Every member serves and has a leader: true. False: closed before. Rejects when that takes too long. */
  ready(timeoutMs?: number): Promise<boolean>;
  close(): Promise<void>;
}

export function startLocalCluster(options: LocalClusterOptions): LocalCluster {
  const plans = planMembers(options.members, options.basePort);
  const initial = plans.map(({ name, peerPort }) => `${name}=${HOST}:${peerPort}`).join(',');
  const children = plans.map((plan) => startChild(plan, initial, options));
  const closing = new AbortController();
  const members = plans.map((plan, i) => describeMember(plan, children[i]!, options.dataDir));
  return {
    members,
    endpoints: members.map(({ clientAddress }) => clientAddress).join(','),
    ready: (timeoutMs = 30_000) => allReady(members, timeoutMs, closing.signal),
    close: async () => {
      closing.abort();
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

function startChild(plan: MemberPlan, initial: string, options: LocalClusterOptions): Supervised {
  const { name, clientPort, httpPort } = plan;
  const flags = {
    '--name': name,
    '--data': join(options.dataDir, name),
    '--initial-members': initial,
    '--client-port': String(clientPort),
    '--http-port': String(httpPort),
    '--log-level': options.logLevel ?? 'warn',
  };
  const child = new Supervised({
    name,
    args: [MAIN, 'serve', ...Object.entries(flags).flat(), '--exit-with-parent'],
    env: withoutSettings(process.env),
    onErrorLine: (line) => options.onLog?.(line),
    onExit: (how, restartInMs) => {
      if (restartInMs === undefined) return;
      options.onEvent?.(name, `ended (${how}), starts again in ${restartInMs} ms`);
    },
  });
  child.start();
  return child;
}

/** What is meant for a member of one's own is not for these: flags say all that they are. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(environment).filter((name) => name.startsWith('ROLLCALL_'));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function describeMember(plan: MemberPlan, child: Supervised, dataDir: string): LocalMember {
  return {
    name: plan.name,
    clientAddress: `${HOST}:${plan.clientPort}`,
    httpAddress: `${HOST}:${plan.httpPort}`,
    dataDir: join(dataDir, plan.name),
    get pid() {
      return child.pid;
    },
    kill: (signal) => void child.kill(signal),
  };
}

async function allReady(
  members: readonly LocalMember[],
  timeoutMs: number,
  closing: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const waiting = new Set(members);
  while (!closing.aborted) {
    for (const member of waiting) if (await isReady(member)) waiting.delete(member);
    if (waiting.size === 0) return true;
    if (performance.now() > deadline) {
      const names = [...waiting].map(({ name }) => name).join(', ');
      throw new Error(`not ready after ${timeoutMs / 1000} s: ${names}`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  return false;
}

async function isReady({ httpAddress }: LocalMember): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(1_000);
    const response = await fetch(`http://${httpAddress}/readyz`, { signal });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
