/** Goal: every command teaches itself, and wrong usage is told before anything is contacted. */
import type { Command, CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

function quiet(program: Command): Command {
  const output = { writeOut: () => {}, writeErr: () => {} };
  for (const command of [program, ...program.commands]) command.configureOutput(output);
  return program;
}

async function codeOf(...line: string[]): Promise<string> {
  const failure = await quiet(createProgram())
    .parseAsync(line, { from: 'user' })
    .then(
      () => undefined,
      (error: CommanderError) => error,
    );
  return failure?.code ?? failure?.name ?? 'none';
}

it.each(createProgram().commands.map((command) => command.name()))(
  '%s has a description and examples in its help',
  (name) => {
    const program = quiet(createProgram());
    const command = program.commands.find((candidate) => candidate.name() === name)!;
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(command.description()).not.toBe('');
    expect(help).toContain(`$ rollcall ${name}`);
  },
);

it.each([
  [['nonsense'], 'commander.unknownCommand', 'no such command'],
  [['instances'], 'commander.missingArgument', 'which service?'],
  [['instances', 'a/b'], 'commander.invalidArgument', 'not a name'],
  [['members', '-o', 'xml'], 'commander.invalidArgument', 'no such format'],
  [['members', '--endpoints', 'nowhere'], 'commander.invalidArgument', 'no port'],
  [['wait', 'web', '--timeout', '10'], 'commander.invalidArgument', 'no unit'],
  [['register', 'web', '--port', '0'], 'commander.invalidArgument', 'no such port'],
  [['register', 'web'], 'UsageError', 'neither a port nor a command'],
  [['register', 'web', '--port', 'auto'], 'UsageError', 'nobody to give the port to'],
])('%j is refused as %s (%s)', async (line, code) => {
  expect(await codeOf(...line)).toBe(code);
});
