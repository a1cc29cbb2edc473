/** Goal: Tab in bash knows the commands and what is in the cluster, and never gets in the way. Method: bash itself. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { MAIN, TestCluster } from '../support/cluster.js';

const PATIENCE = { timeout: 15_000, interval: 50 };
/** What bash itself does before it calls a completion function, then what it got. */
const TAB = `
source <(rollcall completion bash)
COMP_LINE="$1" COMP_POINT=\${#1}
read -ra COMP_WORDS <<< "$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_rollcall rollcall "" ""
printf '%s\\n' "\${COMPREPLY[@]}"`;

let closeCluster: () => Promise<void>;
let endpoints: readonly string[];
let client: Client;
let bin: string;

beforeAll(async () => {
  const cluster = await TestCluster.start({
    members: 1,
    onEnd: (close) => (closeCluster = close),
  });
  endpoints = cluster.endpoints;
  client = connect(endpoints);
  bin = mkdtempSync(join(tmpdir(), 'rollcall-bin-'));
  symlinkSync(MAIN, join(bin, 'rollcall'));
  for (const [service, id] of [
    ['web', 'blue'],
    ['web', 'green'],
    ['db', 'one'],
    ['evil', '$(reboot)'],
    ['evil', 'plain'],
  ] as const) {
    await client.register(service, { address: '10.0.0.1', port: 80 }, { id, static: true });
  }
}, 40_000);

afterAll(async () => {
  rmSync(bin, { recursive: true });
  await client.close();
  await closeCluster();
});

interface Tab {
  readonly candidates: readonly string[];
  readonly err: string;
}

function tab(line: string, asked: readonly string[] = endpoints): Promise<Tab> {
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    ROLLCALL_ENDPOINTS: asked.join(','),
  };
  const child = spawn('bash', ['--norc', '-c', TAB, 'bash', line], { env });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => {
    child.once('close', () => {
      resolve({ candidates: out.split('\n').filter((each) => each !== ''), err });
    });
  });
}

/** Whoever gets nothing on a busy machine presses Tab again. */
async function expectTab(line: string, candidates: readonly string[]): Promise<void> {
  await expect.poll(async () => (await tab(line)).candidates, PATIENCE).toEqual(candidates);
}

describe('Tab', () => {
  it('completes commands and options without any cluster', async () => {
    const nowhere = ['127.0.0.1:1'];
    expect((await tab('rollcall inst', nowhere)).candidates).toEqual(['instances']);
    expect((await tab('rollcall wait web --ti', nowhere)).candidates).toEqual(['--timeout']);
    expect((await tab('rollcall instances --output=y', nowhere)).candidates).toEqual(['yaml']);
  }, 30_000);

  it('knows the services and instances there are', async () => {
    await expectTab('rollcall instances ', ['db', 'evil', 'web']);
    await expectTab('rollcall why w', ['web/']);
    await expectTab('rollcall why web/', ['web/blue', 'web/green']);
    await expectTab('rollcall wait web --id g', ['green']);
  }, 40_000);

  it('knows paths and members', async () => {
    await expectTab('rollcall tree ls /services/w', ['/services/web', '/services/web/']);
    await expectTab('rollcall tree get /services/web/b', ['/services/web/blue']);
    // Bash replaces only what follows the last colon.
    const [host, port] = endpoints[0]!.split(':');
    await expectTab(`rollcall --endpoints ${host}:`, [port!]);
  }, 40_000);

  it('offers no name that a shell would run', async () => {
    await expectTab('rollcall why evil/', ['evil/plain']);
  }, 30_000);

  it('offers nothing and says nothing when no member answers', async () => {
    const { candidates, err } = await tab('rollcall instances ', ['127.0.0.1:1']);
    expect(candidates).toEqual([]);
    expect(err).toBe('');
  }, 30_000);
});
