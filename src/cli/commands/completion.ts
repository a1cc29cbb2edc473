/**
 * `rollcall completion SHELL` prints what a shell sources; the hidden `__complete` answers it. Invariant: Tab
 * never waits for a cluster, never shows an error, and never changes anything.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import { COMPLETIONS_MAX } from '../../types/limits.js';
import { type Candidate, type Place, placeOf } from '../completion/place.js';
import { completionScript, FILES, SHELLS, type Shell } from '../completion/scripts.js';
import { addExamples } from '../context.js';
import { printLine } from '../output.js';
import { printable } from '../table.js';

/** What a hand on the keyboard does not feel. Loading the SDK comes on top. */
const ASK_MS_MAX = 300;

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .description('print a script that completes commands, options and names in the cluster')
    .addArgument(new Argument('<shell>', 'whose').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
    });
  addExamples(command, [
    ['source <(rollcall completion bash)', 'now; for good, add this line to ~/.bashrc'],
    ['source <(rollcall completion zsh)', 'after compinit, in ~/.zshrc'],
    ['rollcall completion fish | source', 'in ~/.config/fish/config.fish'],
  ]);
  program
    .command('__complete [words...]', { hidden: true })
    .description('what fits next; for the scripts of `completion`')
    .action((words: readonly string[]) => complete(program, words));
}

async function complete(program: Command, words: readonly string[]): Promise<void> {
  const place = placeOf(program, words);
  if (place.isShells) printLine(FILES);
  const live = place.live === undefined ? [] : await ask(place);
  print(place, [...place.candidates, ...live]);
  // A cluster that does not answer would be waited for.
  process.exit(0);
}

async function ask(place: Place): Promise<readonly Candidate[]> {
  try {
    const [{ connect }, { liveNames }] = await Promise.all([
      import('../../client/index.js'),
      import('../completion/live.js'),
    ]);
    const client = connect(place.endpoints, { failFast: true, timeoutMs: ASK_MS_MAX });
    return await Promise.race([liveNames(client, place), sleep(ASK_MS_MAX, [])]);
  } catch {
    // Whatever went wrong, the next command will tell.
    return [];
  }
}

function print({ word, before }: Place, candidates: readonly Candidate[]): void {
  const fitting = candidates.filter(({ value }) => value.startsWith(word));
  for (const { value, about } of fitting.slice(0, COMPLETIONS_MAX)) {
    printLine(about === '' ? before + value : `${before}${value}\t${printable(about)}`);
  }
}
