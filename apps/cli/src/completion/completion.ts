import { Argument, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CliIo } from '../io.js';
import { type CommandEntry, defineProgram } from '../program.js';
import { verb, type Verb } from '../verb.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What may follow the words typed so far (`cap registry`): subcommands and options. */
interface Completion {
  words: string[];
  next: { word: string; summary: string }[];
}

/** Prints a script that completes verbs and options; files are left to the shell. */
export const completion = (commands: readonly CommandEntry[]): Verb =>
  verb({
    examples: [
      'cap completion bash > /etc/bash_completion.d/cap',
      'source <(cap completion zsh)',
      'cap completion fish > ~/.config/fish/completions/cap.fish',
    ],
    syntax: (command) => command.addArgument(new Argument('<shell>').choices(SHELLS)),
    run: async (io, _options, shell) => {
      const completions = await completionsOf(commands, io);
      await io.out(shell === 'fish' ? fish(completions) : bash(completions, shell));
    },
  });

async function completionsOf(commands: readonly CommandEntry[], io: CliIo): Promise<Completion[]> {
  const completions: Completion[] = [];
  const walk = (command: CommandUnknownOpts, words: string[]) => {
    const options = command.options.map(({ long, short, description }) => ({
      word: (long ?? short)!,
      summary: description,
    }));
    const verbs = command.commands.map((child) => ({ word: child.name(), summary: child.summary() }));
    completions.push({ words, next: [...verbs, ...options, { word: '--help', summary: 'print this help' }] });
    for (const child of command.commands) walk(child, [...words, child.name()]);
  };
  walk(await defineProgram(commands, io), []);
  return completions;
}

const bash = (completions: Completion[], shell: Exclude<Shell, 'fish'>): string =>
  `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_cap() {
  local word=\${COMP_WORDS[COMP_CWORD]} path= i candidates
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] || path+=" \${COMP_WORDS[i]}"
  done
  while :; do
    case $path in
${completions.map(({ words, next }) => `      '${words.map((word) => ` ${word}`).join('')}') candidates='${next.map(({ word }) => word).join(' ')}' ;;`).join('\n')}
      *) path=\${path% *}; continue ;;
    esac
    break
  done
  COMPREPLY=($(compgen -W "$candidates" -- "$word"))
}
complete -o default -F _cap cap
`;

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(completions: Completion[]): string {
  const lines = completions.flatMap(({ words, next }) => {
    const [group, verb] = words;
    const verbs = next.filter(({ word }) => !word.startsWith('-')).map(({ word }) => word);
    const when =
      group === undefined
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${group}${verb ? `; and __fish_seen_subcommand_from ${verb}` : verbs.length > 0 ? `; and not __fish_seen_subcommand_from ${verbs.join(' ')}` : ''}`;
    return next.map(({ word, summary }) =>
      word.startsWith('--')
        ? `complete -c cap -n ${quoted(when)} -l ${word.slice(2)} -d ${quoted(summary)}`
        : `complete -c cap -n ${quoted(when)} -f -a ${word} -d ${quoted(summary)}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
