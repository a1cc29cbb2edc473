/** `rollcall session show|revoke ID`: one session, with what dies with it. */
import type { Command } from 'commander';
import type { Client, SessionDetails } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { describeDuration } from '../duration.js';
import { EXIT, Exit } from '../errors.js';
import { describeImpact, impactOf, instancesAmong } from '../impact.js';
import { checkReason, dryRunOption } from '../operate.js';
import { sessionRow } from '../operator-rows.js';
import { printLine, printObject } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import { printable, renderFields } from '../table.js';
import { describeAgo } from '../values/clock.js';
import { count } from '../values/sizes.js';
import { describeSession, parseSessionId } from '../values/targets.js';
import { graceOf, stateOf } from './sessions.js';

export function addSession(program: Command): void {
  const group = program.command('session').description('show or revoke one session');
  addShow(group);
  addRevoke(group);
  addExamples(group, [
    ['rollcall session show 0x14c', 'who it is, and the nodes that die with it'],
    ['rollcall session revoke 0x14c --dry-run', 'what would go'],
  ]);
}

function addShow(group: Command): void {
  const command = group
    .command('show')
    .description('show a session and the nodes that die with it')
    .argument('<id>', 'as `rollcall sessions` lists it: 0x14c, or 332', parseSessionId)
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((id: number, options: { output: Output }) => runShow(command, id, options.output));
  addExamples(command, [
    ['rollcall session show 0x14c', 'who it is, and the nodes that die with it'],
    ["rollcall session show 332 -o json | jq -r '.paths[]'", 'for scripts'],
  ]);
}

async function runShow(command: Command, id: number, output: Output): Promise<void> {
  const session = await withClient(command, (client) => findSession(client, id));
  if (isDataFormat(output)) {
    await printObject({ ...sessionRow(session), paths: session.paths }, output);
    return;
  }
  for (const line of describeDetails(session, Date.now())) printLine(line);
}

async function findSession(client: Client, id: number): Promise<SessionDetails> {
  const session = await client.admin.session(id);
  if (session !== undefined) return session;
  const message = `no session ${describeSession(id)}: it has ended, or never was`;
  throw new Exit(EXIT.failure, message, 'list them with `rollcall sessions`');
}

function describeDetails(session: SessionDetails, now: number): string[] {
  const { id, label, member, timeoutMs, openedAt, epoch, lastRevision, lastSeq, paths } = session;
  const fields = renderFields([
    ['session', describeSession(id)],
    ['label', label || '-'],
    ['state', `${stateOf(session)}, last through ${member}, ${count(epoch, 'attachment')} so far`],
    ['opened', describeAgo(openedAt, now)],
    ['timeout', describeDuration(timeoutMs)],
    ['grace', graceOf(session)],
    ['last change', `seq ${lastSeq}, revision ${lastRevision}`],
    ['nodes', String(session.nodes)],
  ]);
  return [...fields, ...paths.map((path) => `  ${printable(path)}`)];
}

interface RevokeOptions {
  readonly reason?: string;
  readonly dryRun?: true;
}

function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('end a session: its nodes go at one revision')
    .argument('<id>', 'as `rollcall sessions` lists it: 0x14c, or 332', parseSessionId)
    .option('--reason <text>', 'why, for the audit and for whoever asks')
    .addOption(dryRunOption())
    .addOption(timeoutOption())
    .action((id: number, options: RevokeOptions) => runRevoke(command, id, options));
  addExamples(command, [
    ['rollcall session revoke 0x14c --dry-run', 'what would go'],
    ['rollcall session revoke 0x14c --reason "runaway"', 'its client may open another one'],
  ]);
}

async function runRevoke(command: Command, id: number, options: RevokeOptions): Promise<void> {
  checkReason(options);
  await withClient(command, async (client) => {
    const session = await findSession(client, id);
    const instances = instancesAmong(session.paths);
    const impacts = await impactOf(client, instances);
    const { reason, dryRun } = options;
    // What a client calls itself must not drive the terminal.
    const label = session.label && ` (${printable(session.label)})`;
    const head = `session ${describeSession(id)}${label}`;
    if (dryRun) printLine(`${head} would be revoked: ${whatGoes(session.nodes, instances.length)}`);
    else {
      const { revision, nodes } = await client.admin.revokeSession(id, { reason });
      const gone = whatGoes(nodes, instances.length);
      printLine(`${head} revoked, revision ${revision}: ${gone}`);
    }
    for (const impact of impacts) printLine(printable(describeImpact(impact)));
  });
}

/** "3 nodes go, 2 instances among them". */
export function whatGoes(nodes: number, instances: number): string {
  if (nodes === 0) return 'no node goes with it';
  const among = instances === 0 ? '' : `, ${count(instances, 'instance')} among them`;
  return `${count(nodes, 'node')} ${nodes === 1 ? 'goes' : 'go'}${among}`;
}
