/**
 * Reads source text as far as the tidy checks need it: code without comments and strings, imports,
 * and functions by their indentation, which the formatter guarantees.
 */

/** What may stand right before a regular expression, where a division could not. */
const BEFORE_REGEX = /(^|[(,=:[!&|?{};+*%<>~^-]|\b(return|typeof|case|in|of|do|else))\s*$/;

/** Comments and the insides of strings become blanks; lines and columns stay. */
export function codeOnly(source: string): string {
  let code = '';
  let i = 0;
  while (i < source.length) {
    const end = endOfText(source, i, code);
    if (end === undefined) code += source[i++];
    else {
      code += source.slice(i, end).replace(/[^\n]/g, ' ');
      i = end;
    }
  }
  return code;
}

/** Where the comment, string, template or regular expression that begins at `i` ends, if one does. */
function endOfText(source: string, i: number, before: string): number | undefined {
  const two = source.slice(i, i + 2);
  if (two === '//') return past(source, '\n', i) - 1;
  if (two === '/*') return past(source, '*/', i + 2);
  const char = source[i]!;
  if (char === "'" || char === '"' || char === '`') return endOfQuoted(source, i, char);
  if (char === '/' && BEFORE_REGEX.test(before.slice(-20))) return endOfRegex(source, i);
  return undefined;
}

function past(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at === -1 ? source.length + 1 : at + mark.length;
}

/** A template counts as text up to its last backtick, expressions and templates within included. */
function endOfQuoted(source: string, start: number, quote: string): number {
  let i = start + 1;
  while (i < source.length && source[i] !== quote) {
    if (source[i] === '\\') i += 2;
    else if (quote === '`' && source.startsWith('${', i)) i = endOfExpression(source, i + 2);
    else i++;
  }
  return i + 1;
}

function endOfExpression(source: string, start: number): number {
  let depth = 1;
  let i = start;
  while (i < source.length && depth > 0) {
    const char = source[i]!;
    if (char === '`' || char === "'" || char === '"') i = endOfQuoted(source, i, char);
    else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      i++;
    }
  }
  return i;
}

function endOfRegex(source: string, start: number): number | undefined {
  let inClass = false;
  for (let i = start + 1; i < source.length && source[i] !== '\n'; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return undefined;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?:(type)\s)?(?:[\w$*{}\s,]+?\sfrom\s*)?['"]([^'"]+)['"]/g;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]/g;

export function importsOf(source: string): Import[] {
  const found = [...source.matchAll(IMPORT)].map(([, type, specifier]) => ({
    specifier: specifier!,
    typeOnly: type === 'type',
  }));
  const dynamic = [...source.matchAll(DYNAMIC_IMPORT)].map(([, specifier]) => ({
    specifier: specifier!,
    typeOnly: false,
  }));
  return [...found, ...dynamic];
}

export interface FunctionSpan {
  readonly line: number;
  readonly length: number;
  readonly text: string;
}

const FUNCTION_KEYWORD = /\bfunction\b.*[{(]$|=>\s*[{(]$/;
const METHOD =
  /^\s+(?:(?:static|async|get|set|override|private|protected|public|readonly)\s+)*\*?[#\w$]+(?:<.*>)?\(.*[{(]$/;
const NOT_A_FUNCTION = /^\s*(?:\}\s*)?(?:if|else|for|while|switch|catch|do|with|return|await)\b/;

/** Functions with a body of several lines: from the line that begins them to the closing brace. */
export function functionsOf(source: string): FunctionSpan[] {
  const lines = codeOnly(source).split('\n');
  return lines.flatMap((line, i) => {
    const text = line.trimEnd();
    if (NOT_A_FUNCTION.test(text) || !(FUNCTION_KEYWORD.test(text) || METHOD.test(text))) return [];
    const end = closingLine(lines, i);
    return [{ line: i + 1, length: end - i + 1, text: source.split('\n')[i]!.trim() }];
  });
}

/** The first following line as deep as this one that closes and opens nothing again. */
function closingLine(lines: readonly string[], start: number): number {
  const depth = indentation(lines[start]!);
  for (let i = start + 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.trim() === '' || indentation(line) > depth) continue;
    if (/[{(]\s*$/.test(line) && /^\s*[)}\]]/.test(line)) continue;
    return i;
  }
  return lines.length - 1;
}

function indentation(line: string): number {
  return line.length - line.trimStart().length;
}
