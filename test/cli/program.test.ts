/** Goal: every command teaches itself, and wrong usage is told before anything is contacted. */
import type { Command, CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

function quiet(program: Command): Command {
  const output = { writeOut: () => {}, writeErr: () => {} };
  for (const command of [program, ...allBelow(program)]) command.configureOutput(output);
  return program;
}

function allBelow(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allBelow(child)]);
}

/** What help lists; scripts of the shell may ask for more. */
function isShown(command: Command): boolean {
  const { parent } = command;
  return parent === null || parent.createHelp().visibleCommands(parent).includes(command);
}

/** "tree ls". */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

async function codeOf(...line: string[]): Promise<string> {
  const failure = await quiet(createProgram(line))
    .parseAsync(line, { from: 'user' })
    .then(
      () => undefined,
      (error: CommanderError) => error,
    );
  return failure?.code ?? failure?.name ?? 'none';
}

it.each(allBelow(createProgram()).filter(isShown).map(nameOf))(
  '%s has a description and examples in its help',
  (name) => {
    const program = quiet(createProgram());
    const command = allBelow(program).find((candidate) => nameOf(candidate) === name)!;
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
  [
    ['register', 'web', '--port', '1', '--check', 'ftp://h'],
    'commander.invalidArgument',
    'no such check',
  ],
  [
    ['register', 'web', '--port', '1', '--check-interval', '0'],
    'commander.invalidArgument',
    'no pause',
  ],
  [['register', 'web', '--named-port', 'metrics'], 'commander.invalidArgument', 'no port'],
  [['register', 'web', '--static', '--', 'true'], 'UsageError', 'static outlives the command'],
  [['register', 'web', '--port', '1', '--check', '/', '--state', 'UP'], 'UsageError', 'who says?'],
  [
    ['register', 'web', '--port', '1', '--static', '--grace', '1s'],
    'commander.conflictingOption',
    '',
  ],
  [['watch', 'web', '--', 'true'], 'UsageError', 'a command without --exec'],
  [['watch', 'web', '--exec'], 'UsageError', '--exec without a command'],
  [['watch', 'web', '--exec', 'true', '--', 'true'], 'UsageError', 'two commands'],
  [['watch', 'web', '--each'], 'UsageError', 'nothing to run'],
  [['watch', 'web', '--exec', 'true', '-o', 'json'], 'UsageError', 'shown or acted on'],
  [['watch', 'web', '--webhook', 'h:80'], 'commander.invalidArgument', 'no URL'],
  [['wait', 'web', '--min', '2', '--for', 'gone'], 'UsageError', 'two of whom?'],
  [['wait', 'web', '--min', '2', '--id', 'a'], 'UsageError', 'two of one'],
  [['completion', 'tcsh'], 'commander.invalidArgument', 'no such shell'],
  [['register', 'web', '--port', 'auto'], 'UsageError', 'nobody to give the port to'],
  [['why', 'web'], 'commander.invalidArgument', 'of which instance?'],
  [['drain', 'web/a'], 'UsageError', 'no reason'],
  [['drain', 'web/a', '--reason', ''], 'UsageError', 'no reason either'],
  [['deregister', 'web/a', '--for', '1h'], 'UsageError', 'no reason for what stands'],
  [['services', '--timeout', '0'], 'commander.invalidArgument', 'no time at all'],
  [['wait', 'web', '--timeout', '999h'], 'commander.invalidArgument', 'beyond any timer'],
  [['dev', '--for', '999h'], 'commander.invalidArgument', 'beyond any timer'],
  [['drain', 'web/a', '--reason', 'x', '--for', '10'], 'commander.invalidArgument', 'no unit'],
  [['session', 'revoke', '12'], 'UsageError', 'no reason'],
  [['register', 'web', '--port', '1', '--address', 'a b'], 'commander.invalidArgument', 'no host'],
  [['session', 'revoke', 'zz', '--reason', 'x'], 'commander.invalidArgument', 'no id'],
  [['service', 'set', 'web'], 'UsageError', 'nothing to set'],
  [['service', 'set', 'web', '--minimum-healthy', '101%'], 'commander.invalidArgument', 'too much'],
  [['tree', 'ls', 'config'], 'commander.invalidArgument', 'no path'],
  [['tree', 'rm', '/a', '-r', '--version', '1'], 'UsageError', 'a version is of one node'],
  [['tree', 'set', '/a', 'x', '--version', 'y'], 'commander.invalidArgument', 'no version'],
  [['tree', 'set', '/a', 'x', '--version', '1', '--create'], 'commander.conflictingOption', 'both'],
  [['tree', 'create', '/a', '--ttl', '1s', '--container'], 'commander.conflictingOption', 'kinds'],
  [['tree', 'create', '/a/'], 'UsageError', 'its name is empty'],
  [['tree', 'quota', '--nodes', '5'], 'UsageError', 'of which subtree?'],
  [['tree', 'watch', '/a', '--from', 'then'], 'commander.invalidArgument', 'from where?'],
])('%j is refused as %s (%s)', async (line, code) => {
  expect(await codeOf(...line)).toBe(code);
});

it("--version is ours before a command, and the command's own after it", async () => {
  expect(await codeOf('--version')).toBe('commander.version');
  expect(await codeOf('tree', 'set', '/a', 'x', '--version', 'y')).not.toBe('commander.version');
});

it('what was typed is repeated without its control characters', async () => {
  const program = createProgram([]);
  let said = '';
  for (const command of [program, ...allBelow(program)]) {
    command.configureOutput({ writeErr: (text) => (said += text) });
  }
  await program.parseAsync(['why', 'a\u001b]0;x\u0007'], { from: 'user' }).catch(() => {});
  expect(said).toContain('\\u001b');
  expect(said).not.toContain('\u001b');
});
