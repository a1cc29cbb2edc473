/** `rollcall tree acl PATH`: who may do what with a node. */
import type { Command } from 'commander';
import { type AclEntry, ADMIN, CREATE, DELETE, READ, WRITE } from '../../../types/node.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../../context.js';
import { noSuchPath, onPath } from '../../near/lookup.js';
import { printLine, printObject } from '../../output.js';
import { isDataFormat, type Output } from '../../parse.js';
import { printable } from '../../table.js';
import { describeAcl, parseAclEntry, parsePath, parseVersion } from '../../values/targets.js';

interface AclOptions {
  readonly output: Output;
  readonly set?: readonly AclEntry[];
  readonly version?: number;
}

/** A node without a list of its own. */
const EVERYONE: readonly AclEntry[] = [
  { scheme: 'world', id: 'anyone', permissions: READ | WRITE | CREATE | DELETE | ADMIN },
];

const HELP = `
Permissions are letters: c create children, d delete children, r read, w write, a change this list.`;

export function addAcl(group: Command): void {
  const command = group
    .command('acl')
    .description('show or replace the access list of a node')
    .argument('<path>', 'the node', parsePath)
    .option('--set <scheme:id:cdrwa>', 'replace the list by these, repeatable', parseAclEntry)
    .option('--version <n>', 'only when the list has this version', parseVersion)
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((path: string, options: AclOptions) => runAcl(command, path, options));
  addExamples(command, [
    ['rollcall tree acl /config', 'an entry a line, as --set takes them'],
    ['rollcall tree acl /config --set world:anyone:r --set ip:10.0.0.0/8:cdrwa', 'replaces all'],
    ['rollcall tree acl /config -o json', 'with the version, for --version'],
  ]).addHelpText('after', HELP);
}

async function runAcl(command: Command, path: string, options: AclOptions): Promise<void> {
  const { set, version, output } = options;
  await withClient(command, (client) =>
    onPath(client, path, async () => {
      if (set !== undefined) {
        const { stat, revision } = await client.setAcl(path, set, { version });
        const done = `${path} access list version ${stat.aclVersion}, revision ${revision}`;
        printLine(printable(done));
        return;
      }
      const found = await client.acl(path);
      if (found === undefined) throw await noSuchPath(client, path);
      await printAcl(path, found.acl, { version: found.stat.aclVersion, output });
    }),
  );
}

async function printAcl(
  path: string,
  acl: readonly AclEntry[],
  { version, output }: { readonly version: number; readonly output: Output },
): Promise<void> {
  const entries = describeAcl(acl.length === 0 ? EVERYONE : acl);
  if (isDataFormat(output)) await printObject({ path, acl: entries, version }, output);
  else for (const entry of entries) printLine(printable(entry));
}
