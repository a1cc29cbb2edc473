/**
 * The scripts that shells source. They know nothing of Rollcall's commands: they hand over the words typed so far
 * and show what comes back, a candidate a line with its description after a tab; `:files` leaves it to the shell.
 */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** Instead of candidates. */
export const FILES = ':files';

/**
 * Bash cuts words at colons and the like, and replaces only the last piece: the words are read from the line
 * itself, and what precedes the last piece is taken off again.
 */
const BASH = `# rollcall: completion for bash. Use: source <(rollcall completion bash)
_rollcall() {
  local line="\${COMP_LINE:0:COMP_POINT}" current kept candidate about
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  kept="\${current%"\${current##*[:=@]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate about; do
    if [[ $candidate == ${FILES} ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    [[ -n $candidate ]] && COMPREPLY+=("\${candidate#"$kept"}")
  done < <("$1" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _rollcall rollcall
`;

const ZSH = `#compdef rollcall
# rollcall: completion for zsh. Use: source <(rollcall completion zsh)
_rollcall() {
  local line value
  local -a values shown folders
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    if [[ "$value" == ${FILES} ]]; then
      _files
      return
    fi
    if [[ "$value" == */ ]]; then
      folders+=("$value")
    elif [[ -n "$value" ]]; then
      values+=("$value")
      shown+=("\${line/$'\\t'/  -- }")
    fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
  (( \${#values} )) && compadd -l -d shown -a values
  (( \${#folders} )) && compadd -S '' -a folders
}
if [[ "\${funcstack[1]}" == _rollcall ]]; then
  _rollcall "$@"
else
  compdef _rollcall rollcall
fi
`;

const FISH = `# rollcall: completion for fish. Use: rollcall completion fish | source
function __rollcall_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program __complete -- $words "$current" 2>/dev/null)
    if test "$lines[1]" = ${FILES}
        __fish_complete_path "$current"
    else if set -q lines[1]
        printf '%s\\n' $lines
    end
end
complete -c rollcall -f -a '(__rollcall_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
