/** `rollcall serve`: one member of a cluster in this process. The member's code is loaded only here. */
import { type Command, Option } from 'commander';
import { addExamples } from '../context.js';
import type { ServeFlags } from '../member/config/sources.js';

interface Flags extends ServeFlags {
  readonly exitWithParent?: boolean | undefined;
}

const FOUNDERS = 'r1=10.0.0.1:8656,r2=10.0.0.2:8656,r3=10.0.0.3:8656';

export function addServe(program: Command): void {
  const command = addMemberFlags(
    program.command('serve').description('run one member of a cluster'),
  )
    .addOption(new Option('--exit-with-parent', 'end when standard input ends').hideHelp())
    .action(async (flags: Flags) => {
      const { runMember } = await import('../member/run.js');
      await runMember(flags);
    });
  addExamples(command, [
    [
      `rollcall serve --name r1 --data /var/lib/rollcall --initial-members ${FOUNDERS} --listen 10.0.0.1 --insecure`,
      'the first of three members on three machines',
    ],
    [
      'rollcall serve --config r1.yaml',
      'the same from a file: a setting a line, named as its flag',
    ],
    [
      'ROLLCALL_LOG_LEVEL=debug rollcall serve --config r1.yaml',
      'flags before the environment before the file',
    ],
  ]);
}

/** No defaults here: what was not said must not look as if it had been. */
export function addMemberFlags(command: Command): Command {
  return command
    .option('--config <file>', 'YAML with settings named as these flags (ROLLCALL_CONFIG)')
    .option('--name <name>', 'its name, as in --initial-members (ROLLCALL_NAME, and so on)')
    .option('--data <dir>', 'folder of its log and state: keep it')
    .option('--initial-members <list>', 'r1=HOST:PORT,r2=…: peer addresses of the founders')
    .option('--listen <host>', 'address to listen on (default: 127.0.0.1)')
    .option('--client-port <port>', 'clients connect here (default: 8655)')
    .option('--peer-port <port>', 'members connect here (default: from --initial-members)')
    .option('--http-port <port>', 'metrics and health (default: 8657)')
    .option('--insecure', 'listen beyond this machine though nothing protects it')
    .option('--max-connections <n>', 'clients connected at once (default: 20000)')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: info)');
}
