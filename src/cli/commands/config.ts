/** `rollcall config`: looks at a member's configuration without starting one. */
import type { Command } from 'commander';
import { addExamples, outputOption } from '../context.js';
import type { ServeFlags } from '../member/config/sources.js';
import type { Output } from '../parse.js';
import { addMemberFlags } from './serve.js';

export function addConfig(program: Command): void {
  const config = program.command('config').description('look at the configuration of a member');
  const check = config
    .command('check')
    .description('say what `serve` would use, and where each value comes from')
    .argument('[file]', 'as --config');
  addMemberFlags(check)
    .addOption(outputOption())
    .action(async (file: string | undefined, flags: ServeFlags & { readonly output: Output }) => {
      const { checkConfig } = await import('../member/check-config.js');
      await checkConfig({ ...flags, config: file ?? flags.config }, flags.output);
    });
  addExamples(check, [
    ['rollcall config check r1.yaml', 'every value with its source, or every problem'],
    ['rollcall config check r1.yaml -o json', 'for scripts; exit code 1 when it would not start'],
  ]);
  addExamples(config, [
    ['rollcall config check r1.yaml', 'before `rollcall serve` is run with it'],
  ]);
}
