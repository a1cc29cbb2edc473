/** Goal: docs/cli.md says what the commands say. Method: both come from the same program. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CLI_DOCS, renderCliDocs } from '../../scripts/cli-docs.mjs';
import { createProgram } from '../../src/cli/program.js';

const page: string = renderCliDocs(createProgram([]));

it('docs/cli.md is as `node scripts/cli-docs.mjs --write` makes it', () => {
  const written = readFileSync(new URL(`../../${CLI_DOCS}`, import.meta.url), 'utf8');
  expect(written).toBe(page);
});

it('has every command that help shows, and none that it hides', () => {
  const program = createProgram([]);
  const names = program
    .createHelp()
    .visibleCommands(program)
    .map((each) => each.name());
  for (const name of names.filter((each) => each !== 'help')) {
    expect(page).toContain(`\n## rollcall ${name}\n`);
  }
  expect(page).not.toContain('__complete');
  expect(page).not.toContain('--exit-with-parent');
});

it('shows options with their defaults, and the examples', () => {
  expect(page).toContain('| `--check-interval <duration>` | between probes (default: 5s) |');
  expect(page).toContain('$ rollcall register web -- node server.js');
});
