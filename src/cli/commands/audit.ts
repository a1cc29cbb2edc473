/** `rollcall audit`: what operators did, newest first. */
import type { Command } from 'commander';
import type { AuditView } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { auditRow } from '../operator-rows.js';
import { printList, printTable } from '../output.js';
import { isDataFormat, type Output, parseCount } from '../parse.js';
import type { Column } from '../table.js';
import { takeFirst } from '../take-first.js';
import { describeTime } from '../values/clock.js';
import { describeSession } from '../values/targets.js';

const LIMIT_DEFAULT = 50;

interface AuditOptions {
  readonly output: Output;
  readonly limit: number;
}

function columns(now: number): readonly Column<AuditView>[] {
  return [
    { title: 'TIME', value: (row) => describeTime(row.time, now) },
    { title: 'REVISION', value: (row) => String(row.revision), align: 'right' },
    { title: 'ACTION', value: (row) => row.action },
    { title: 'SUBJECT', value: subjectOf },
    { title: 'WHO', value: (row) => row.who },
    { title: 'WHY', value: (row) => row.why },
  ];
}

export function addAudit(program: Command): void {
  const command = program
    .command('audit')
    .description('list what operators did, newest first')
    .option('--limit <n>', 'how many', parseCount, LIMIT_DEFAULT)
    .addOption(outputOption('wide'))
    .addOption(timeoutOption())
    .action((options: AuditOptions) => runAudit(command, options));
  addExamples(command, [
    ['rollcall audit', `the last ${LIMIT_DEFAULT}: who drained, deregistered, revoked, set what`],
    ['rollcall audit -o wide', 'nothing cut to the width of the terminal'],
    ['rollcall audit --limit 1000 -o json', 'one JSON array'],
  ]);
}

async function runAudit(command: Command, { output, limit }: AuditOptions): Promise<void> {
  const entries = await withClient(command, (client) => takeFirst(client.admin.audit(), limit));
  if (isDataFormat(output)) await printList(entries.map(auditRow), output);
  else printTable(columns(Date.now()), entries, output === 'wide');
}

/** As the other commands name it. */
function subjectOf({ action, subject }: AuditView): string {
  return action === 'revoke' ? `session ${describeSession(Number(subject))}` : subject;
}
