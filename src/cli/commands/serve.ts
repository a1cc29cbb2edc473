/** `rollcall serve`: one member of a cluster in this process. The member's code is loaded only here. */
import { type Command, Option } from 'commander';
import type { MemberFlags } from '../../server/config.js';
import { addExamples } from '../context.js';

interface ServeFlags extends MemberFlags {
  readonly exitWithParent?: boolean | undefined;
}

const FOUNDERS = 'r1=10.0.0.1:8656,r2=10.0.0.2:8656,r3=10.0.0.3:8656';

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('run one member of a cluster')
    .requiredOption('--name <name>', 'its name, as in --initial-members')
    .requiredOption('--data <dir>', 'folder of its log and state: keep it')
    .requiredOption('--initial-members <list>', 'r1=HOST:PORT,r2=…: peer addresses of the founders')
    .option('--listen <host>', 'address to listen on', '127.0.0.1')
    .option('--client-port <port>', 'clients connect here', '8655')
    .option('--peer-port <port>', 'members connect here (default: from --initial-members)')
    .option('--http-port <port>', 'metrics and health', '8657')
    .option('--insecure', 'listen beyond this machine though nothing protects it')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
    .addOption(new Option('--exit-with-parent', 'end when standard input ends').hideHelp())
    .action(async (flags: ServeFlags) => {
      const { runMember } = await import('../member/run.js');
      await runMember(flags);
    });
  addExamples(command, [
    [
      `rollcall serve --name r1 --data /var/lib/rollcall --initial-members ${FOUNDERS} --listen 10.0.0.1 --insecure`,
      'the first of three members on three machines',
    ],
  ]);
}
