/** Goal: each shell can read its script. Method: the shell itself, where it is installed. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completionScript, SHELLS } from '../../../src/cli/completion/scripts.js';

/** Reads a script from standard input and runs nothing of it. */
const CHECK = { bash: ['-n'], zsh: ['-n'], fish: ['--no-execute'] } as const;

describe.each(SHELLS)('%s', (shell) => {
  it('finds nothing wrong with its script', (context) => {
    const input = completionScript(shell);
    const { error, status, stderr } = spawnSync(shell, CHECK[shell], { input, encoding: 'utf8' });
    if (error !== undefined) context.skip(`there is no ${shell} here`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('asks what fits with the words as they were typed', () => {
    expect(completionScript(shell)).toContain('__complete -- ');
  });
});
