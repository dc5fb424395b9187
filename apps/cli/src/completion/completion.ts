import { Command } from 'commander';
import { Run } from '../frame/command.js';
import { GROUPS } from '../frame/groups.js';
import { type CliIo } from '../frame/io.js';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What may follow the words typed so far (`cap registry`): subcommands and options. */
interface Place {
  words: string[];
  next: { word: string; summary: string }[];
}

/** Prints a script that completes verbs and options; files are left to the shell. */
export async function completion(io: CliIo, _options: unknown, shell: Shell): Promise<void> {
  const places = await placesOf(io);
  io.out(shell === 'fish' ? fish(places) : bash(places, shell));
}

/** Every command, taken from the definitions that also make the help. */
async function placesOf(io: CliIo): Promise<Place[]> {
  const program = new Command('cap');
  const run = new Run(io);
  for (const { load } of GROUPS) (await load())(program, run);
  const places: Place[] = [];
  const walk = (command: Command, words: string[]) => {
    const options = command.options.map(({ long, short, description }) => ({
      word: (long ?? short)!,
      summary: description,
    }));
    const verbs = command.commands.map((child) => ({ word: child.name(), summary: child.summary() }));
    places.push({ words, next: [...verbs, ...options, { word: '--help', summary: 'print this help' }] });
    for (const child of command.commands) walk(child, [...words, child.name()]);
  };
  walk(program, []);
  return places;
}

const bash = (places: Place[], shell: 'bash' | 'zsh'): string =>
  `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_cap() {
  local word=\${COMP_WORDS[COMP_CWORD]} path= i candidates
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] || path+=" \${COMP_WORDS[i]}"
  done
  while :; do
    case $path in
${places.map(({ words, next }) => `      '${words.map((word) => ` ${word}`).join('')}') candidates='${next.map(({ word }) => word).join(' ')}' ;;`).join('\n')}
      *) path=\${path% *}; continue ;;
    esac
    break
  done
  COMPREPLY=($(compgen -W "$candidates" -- "$word"))
}
complete -o default -F _cap cap
`;

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(places: Place[]): string {
  const lines = places.flatMap(({ words, next }) => {
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
