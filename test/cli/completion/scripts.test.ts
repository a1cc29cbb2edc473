/** Goal: each shell can read its script. Method: the shell itself, where it is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { completionScript, SHELLS } from '../../../src/cli/completion/scripts.js';

/** Reads a script and runs nothing of it. */
const CHECK = { bash: '-n', zsh: '-n', fish: '--no-execute' } as const;

/** In a file: fish does not read its standard input when that is a socket, as a child of Node's is. */
function fileOf(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-completion-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'script');
  writeFileSync(file, script);
  return file;
}

describe.each(SHELLS)('%s', (shell) => {
  it('finds nothing wrong with its script', (context) => {
    const args = [CHECK[shell], fileOf(completionScript(shell))];
    const { error, status, stderr } = spawnSync(shell, args, { encoding: 'utf8' });
    if (error !== undefined) context.skip(`there is no ${shell} here`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('asks what fits with the words as they were typed', () => {
    expect(completionScript(shell)).toContain('__complete -- ');
  });
});
