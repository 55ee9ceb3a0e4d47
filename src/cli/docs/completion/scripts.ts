/*
 * The shells ask `campaign __complete` for the words that may stand where the cursor is. What was typed is handed over
 * word by word and never evaluated, nor is what comes back.
 */

const BASH = `# bash completion of campaign. Try it: source <(campaign completion bash). To keep it:
#   campaign completion bash > ~/.local/share/bash-completion/completions/campaign
# shellcheck shell=bash

_campaign() {
  local line kind=''
  local -a typed=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(command campaign __complete -- "\${typed[@]}" 2>/dev/null </dev/null)
  if [[ $kind == files ]]; then
    compopt -o default 2>/dev/null || :
  else
    # The newest sends come first.
    compopt -o nosort 2>/dev/null || :
  fi
  return 0
}

complete -F _campaign campaign
`;

const ZSH = `#compdef campaign
# zsh completion of campaign. Try it: source <(campaign completion zsh). To keep it, in a folder of $fpath:
#   campaign completion zsh > ~/.zfunc/_campaign
# Whatever the command, zsh's own TAB runs a $(...) in the word at the cursor before it asks for completions;
# one that completes and does nothing else: bindkey '^I' complete-word

_campaign() {
  local line kind=''
  local -a values shown
  for line in "\${(@f)$(command campaign __complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null </dev/null)}"; do
    if [[ -z $kind ]]; then
      kind=$line
    else
      values+=("\${line%%$'\\t'*}")
      shown+=("\${line/$'\\t'/  }")
    fi
  done
  if [[ $kind == files ]]; then
    # _files runs the commands in a word such as $(…)/ or \`…\`/.
    [[ $PREFIX == *[\\\`]* || $PREFIX == *'$'[\\(\\{\\[]* ]] && return 1
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
    return
  fi
  (( $#values )) && compadd -l -V campaign -d shown -a values
}

if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _campaign "$@"
else
  compdef _campaign campaign
fi
`;

const FISH = `# fish completion of campaign. Try it: campaign completion fish | source. To keep it:
#   campaign completion fish > ~/.config/fish/completions/campaign.fish

function __campaign_offers_words
    set -l typed (commandline -opc)
    set -l current (commandline -ct | string collect)
    set -l lines (command campaign __complete -- $typed[2..-1] "$current" 2>/dev/null </dev/null)
    set -g __campaign_words $lines[2..-1]
    test "$lines[1]" != files
end

complete -c campaign -e
# Where it offers no words, fish offers files by itself.
complete -c campaign -k -n __campaign_offers_words -f -a '$__campaign_words'
`;

/** The script that a shell sources, by the shell's name. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
