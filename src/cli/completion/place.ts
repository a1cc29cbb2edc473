/**
 * Where on the command line somebody pressed Tab, and what fits there: read off commander's own tree, so that
 * a new command or option is completed without a word here. Pure. Names that only the cluster knows are named
 * by their kind.
 */
import type { Argument, Command, Option } from 'commander';
import type { BalancerName } from '../../client/index.js';

export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** Names in the cluster. */
export type LiveKind = 'services' | 'instances' | 'ids' | 'sessions' | 'paths' | 'members';

export interface Place {
  /** What is being typed. */
  readonly word: string;
  /** What stands in front of it within the same word, as in --output=js. */
  readonly before: string;
  readonly candidates: readonly Candidate[];
  readonly live?: LiveKind;
  /** Whose ids, where `live` is `ids`. */
  readonly service?: string | undefined;
  /** The shell knows better: files, or a command of its own. */
  readonly isShells?: true;
  /** As typed; unset: wherever commands look. */
  readonly endpoints: string | undefined;
}

const LIVE_ARGUMENTS: Readonly<Record<string, LiveKind>> = {
  service: 'services',
  'service/id': 'instances',
  id: 'sessions',
  path: 'paths',
};
const LIVE_OPTIONS: Readonly<Record<string, LiveKind>> = {
  service: 'services',
  id: 'ids',
  endpoints: 'members',
};
/** Total: a new balancer is completed too. */
const POLICIES: Readonly<Record<BalancerName, string>> = {
  p2c: 'of two random ones, the one with fewer requests under way',
  'round-robin': 'each in turn',
};

/** What was typed before the word in question. */
interface Typed {
  readonly command: Command;
  readonly positionals: readonly string[];
  /** Its value comes next. */
  readonly option: Option | undefined;
  readonly endpoints: string | undefined;
  /** After --: a command line of its own. */
  readonly isForeign: boolean;
}

/** `words`: after the program's name; the last one is being typed, and may be empty. */
export function placeOf(program: Command, words: readonly string[]): Place {
  const typed = read(program, words.slice(0, -1));
  const word = words.at(-1) ?? '';
  const bare = { word, before: '', candidates: [], endpoints: typed.endpoints };
  if (typed.isForeign) return { ...bare, isShells: true };
  if (typed.option !== undefined) return { ...bare, ...valuesOf(typed.option, typed) };
  if (!word.startsWith('-')) return { ...bare, ...operandsOf(typed) };
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  if (flag === undefined) return { ...bare, candidates: flagsOf(typed.command) };
  const option = findOption(typed.command, flag);
  const fits = option === undefined ? {} : valuesOf(option, typed);
  return { ...bare, ...fits, word: value!, before: `${flag}=` };
}

function read(program: Command, words: readonly string[]): Typed {
  let command = program;
  let option: Option | undefined;
  let endpoints: string | undefined;
  let positionals: string[] = [];
  for (const word of words) {
    if (option !== undefined && !(option.optional && word.startsWith('-'))) {
      if (option.attributeName() === 'endpoints') endpoints = word;
      option = undefined;
      continue;
    }
    if (word === '--')
      return { command, positionals, option: undefined, endpoints, isForeign: true };
    option = undefined;
    if (word.startsWith('-') && word.length > 1) {
      const [flag, value] = word.split('=', 2);
      const found = findOption(command, flag!);
      if (found?.attributeName() === 'endpoints' && value !== undefined) endpoints = value;
      if (value === undefined && (found?.required || found?.optional)) option = found;
      continue;
    }
    const inner = positionals.length === 0 ? findCommand(command, word) : undefined;
    if (inner === undefined) positionals.push(word);
    else [command, positionals] = [inner, []];
  }
  return { command, positionals, option, endpoints, isForeign: false };
}

function findCommand(command: Command, name: string): Command | undefined {
  return command.commands.find((inner) => inner.name() === name || inner.aliases().includes(name));
}

function findOption(command: Command, flag: string): Option | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const found = at.options.find(({ long, short }) => flag === long || flag === short);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Fits = Partial<Pick<Place, 'candidates' | 'live' | 'service' | 'isShells'>>;

function valuesOf(option: Option, { positionals }: Typed): Fits {
  if (option.argChoices !== undefined) {
    return { candidates: option.argChoices.map((value) => ({ value, about: '' })) };
  }
  const name = option.attributeName();
  if (name === 'policy') {
    const policies = Object.entries(POLICIES);
    return { candidates: policies.map(([value, about]) => ({ value, about })) };
  }
  const live = LIVE_OPTIONS[name];
  if (live === undefined) return { isShells: true };
  return { live, service: positionals[0] };
}

function operandsOf({ command, positionals }: Typed): Fits {
  const inner = command.createHelp().visibleCommands(command);
  if (inner.length > 0 && positionals.length === 0) {
    return {
      candidates: inner.map((each) => ({ value: each.name(), about: each.description() })),
    };
  }
  const argument = argumentAt(command, positionals.length);
  if (argument === undefined) return {};
  if (argument.argChoices !== undefined) {
    return { candidates: argument.argChoices.map((value) => ({ value, about: '' })) };
  }
  const live = LIVE_ARGUMENTS[argument.name()];
  return live === undefined ? { isShells: true } : { live };
}

function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic ? last : undefined);
}

/** Its own and the global ones, by their long names. */
function flagsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  return options.flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ value: long, about: description }],
  );
}
