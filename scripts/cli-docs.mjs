/**
 * docs/cli.md, generated from the commands themselves, so that it never says what is not so.
 * `node scripts/cli-docs.mjs` prints it, `--write` writes it; a test compares. Needs the built package.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './staleness.mjs';

export const CLI_DOCS = join('docs', 'cli.md');

const HEAD = `# The command line

Every command has \`--help\` with examples; this page is made of it by \`node scripts/cli-docs.mjs --write\`.

**Where.** A command asks the members named by \`--endpoints\` or \`ROLLCALL_ENDPOINTS\`; without either, those of a local
cluster started in this folder or one above it, and last 127.0.0.1:8655.

**Output.** Results go to stdout, everything about the run to stderr. \`-o json\` prints lists as one array and events as
one object a line; \`-o yaml\` prints lists as one sequence and events as one document each. Their fields may grow and are
never renamed. A terminal gets colours unless \`NO_COLOR\` is set.

**Exit codes.** 0: done. 1: it failed, and the message says why and what helps. 2: the command line is wrong. 3: no
quorum, or no member answers. 124: it took too long. \`register\` with a command ends with that command's code.
`;

/** The whole page. */
export function renderCliDocs(program) {
  const commands = visible(program);
  const contents = groupsOf(commands).map(
    ([title, members]) => `- ${title} ${members.map((each) => linkTo(each)).join(', ')}`,
  );
  const sections = commands.flatMap((command) => sectionsOf(command));
  const globals = optionTable(program, program.options);
  return [HEAD, ...contents, '', '## Options of every command', '', globals, ...sections, ''].join(
    '\n',
  );
}

function visible(command) {
  return command.commands.filter((each) => each.name() !== 'help' && !each._hidden);
}

function groupsOf(commands) {
  const groups = new Map();
  for (const command of commands) {
    const title = command.helpGroup() ?? '';
    groups.set(title, [...(groups.get(title) ?? []), command]);
  }
  return [...groups];
}

function fullName(command) {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function linkTo(command) {
  const anchor = fullName(command).replaceAll(' ', '-');
  return `[${command.name()}](#${anchor})`;
}

/** A command, and the commands below it. */
function sectionsOf(command) {
  const help = command.createHelp();
  const inner = visible(command);
  const own = inner.length > 0 ? [] : detailsOf(command, help);
  const head = ['', `${'#'.repeat(depthOf(command) + 1)} ${fullName(command)}`, ''];
  return [
    ...head,
    sentence(command.description()),
    ...own,
    ...furtherHelp(command),
    ...inner.flatMap(sectionsOf),
  ];
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function depthOf(command) {
  return command.parent === null ? 0 : depthOf(command.parent) + 1;
}

function detailsOf(command, help) {
  const usage = help.commandUsage(command);
  const operands = help.visibleArguments(command).map((each) => {
    return `- \`${help.argumentTerm(each)}\`: ${help.argumentDescription(each)}`;
  });
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  return [
    '',
    '```',
    usage,
    '```',
    ...(operands.length > 0 ? ['', ...operands] : []),
    ...(options.length > 0 ? ['', optionTable(command, options)] : []),
  ];
}

function optionTable(command, options) {
  const help = command.createHelp();
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map((option) => `| ${code(option.flags)} | ${cell(help.optionDescription(option))} |`);
  return ['| Option | |', '|---|---|', ...rows].join('\n');
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

/** Examples, and what else a command's help says after its options. */
function furtherHelp(command) {
  let text = '';
  const write = (piece) => {
    text += piece;
  };
  command.emit('afterHelp', { error: false, command, write });
  return text.trim() === '' ? [] : ['', '```text', text.trim(), '```'];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = pathToFileURL(join(root, 'dist', 'cli', 'program.js'));
  const { createProgram } = await import(built.href);
  const text = renderCliDocs(createProgram([]));
  if (process.argv.includes('--write')) writeFileSync(join(root, CLI_DOCS), text);
  else process.stdout.write(text);
}
