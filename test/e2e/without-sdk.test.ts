/**
 * Goal: what docs/without-sdk.md says is so. Its programs are generated, built and run from the document,
 * keep their place and their list when the leader is killed, and leave when they are killed themselves.
 */
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import {
  blocksOf,
  commandOf,
  goEnvironment,
  JAVA_CLASS_PATH,
  missingForGo,
  missingForJava,
  must,
  Program,
  programOf,
  removeFolder,
  workFolder,
  write,
} from '../support/languages.js';
import { findPython } from '../support/python.js';

const BLOCKS = blocksOf('docs/without-sdk.md');
const UP = (port: number) => `http://127.0.0.1:${port}`;

function folder(): string {
  const made = workFolder();
  onTestFinished(() => removeFolder(made));
  return made;
}

function run(command: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): Program {
  const program = new Program(command, cwd, env);
  onTestFinished(() => program.kill());
  return program;
}

/** A leader dies; the instance is still the one that joined, and a newcomer is told to `seen`. */
async function survivesTheLeader(cluster: TestCluster, id: string, seen: Program): Promise<void> {
  const client = connect(cluster.endpoints);
  onTestFinished(() => client.close());
  const instance = async () =>
    (await client.instances('web')).instances.find((one) => one.id === id);
  const before = await instance();
  await cluster.kill(await cluster.untilLeader());
  const from = seen.lines.length;
  const other = await client.register('web', { port: 9999, address: '127.0.0.1' }, { id: 'other' });
  await seen.until(/:9999/, from);
  expect(await instance()).toMatchObject({ sequence: before!.sequence, state: 'UP' });
  await other.close();
}

test('Python: a place on the roll, a list that is always current, and the tree', async (context) => {
  const python = findPython();
  if (python === undefined) return missing(context, 'Python with grpcio: python3-grpc-tools');
  const cluster = await TestCluster.start();
  const [first, second, third] = cluster.endpoints as [string, string, string];
  const cwd = folder();
  must(commandOf(BLOCKS, 'grpc_tools').replace('python3', python), { cwd });
  for (const file of ['hold.py', 'subscribe.py', 'tree.py'])
    write(cwd, file, programOf(BLOCKS, file));

  const subscriber = run([python, '-u', 'subscribe.py', 'web', second, third, first], cwd);
  await subscriber.until(/\[\]/);
  const holder = run([python, '-u', 'hold.py', 'web', '8801', first, second, third], cwd);
  await holder.until(/^UP /);
  await subscriber.until(/8801/);
  await survivesTheLeader(cluster, 'py-8801', subscriber);
  await holder.kill();
  await subscriber.until(
    /\[\]$/,
    subscriber.lines.findLastIndex((line) => line.includes('8801')),
  );

  const [alive] = await living(cluster);
  const tree = run([python, '-u', 'tree.py', alive!], cwd);
  expect({ code: await tree.ended, said: tree.complaints }).toEqual({ code: 0, said: '' });
  expect(tree.lines.map((line) => line.replace(/^\d+/, 'N'))).toEqual([
    'created /jobs/job-0000000000 resize',
    'refused BAD_VERSION FAILED_PRECONDITION',
    'N EVENT_TYPE_CREATED /jobs',
    'N EVENT_TYPE_CREATED /jobs/job-0000000000',
    'N EVENT_TYPE_CHANGED /jobs/job-0000000000',
    'N EVENT_TYPE_DELETED /jobs/job-0000000000',
    'N EVENT_TYPE_CREATED /jobs/last',
  ]);
}, 90_000);

test('Go: a place on the roll, and everybody else on it', async (context) => {
  const lacking = missingForGo();
  if (lacking !== undefined) return missing(context, `Go with gRPC: ${lacking}`);
  const cluster = await TestCluster.start();
  const path = folder();
  const cwd = join(path, 'src/example.org/app');
  write(cwd, 'main.go', programOf(BLOCKS, 'main.go'));
  const generate = commandOf(BLOCKS, '--go_out').replaceAll(' proto', ` ${join(path, 'proto')}`);
  must(generate, { cwd });
  must('go build -o app .', { cwd, env: goEnvironment(path) });

  const [first, second, third] = cluster.endpoints as [string, string, string];
  const app = run([join(cwd, 'app'), 'web', '8802', first, second, third], cwd);
  await app.until(/^held UP http:\/\/127\.0\.0\.1:8802$/);
  await app.until(new RegExp(`^roll \\d+ \\[${UP(8802)}\\]$`));
  await survivesTheLeader(cluster, 'go-8802', app);
}, 120_000);

test('Java: a place on the roll', async (context) => {
  const lacking = missingForJava();
  if (lacking !== undefined) return missing(context, `Java with gRPC: ${lacking}`);
  const cluster = await TestCluster.start();
  const cwd = folder();
  write(cwd, 'Hold.java', programOf(BLOCKS, 'Hold.java'));
  must(commandOf(BLOCKS, '--java_out'), { cwd });
  must(`javac -nowarn -cp ${JAVA_CLASS_PATH} Hold.java`, { cwd });
  const held = run(
    ['java', '-cp', JAVA_CLASS_PATH, 'Hold', 'web', '8803', ...cluster.endpoints],
    cwd,
  );
  await held.until(/^held UP http:\/\/127\.0\.0\.1:8803$/);
  const from = held.lines.length;
  await cluster.kill('r1');
  await held.until(/^held UP /, from);
}, 120_000);

function missing(context: TestContext, what: string): void {
  context.skip(`not here: ${what}`);
}

async function living(cluster: TestCluster): Promise<string[]> {
  return cluster.members.filter(({ pid }) => pid !== undefined).map((it) => it.clientAddress);
}
