import type { OfferedCommand, OfferedValues } from "./command-line.ts";

/**
 * The completion of bash, 3.2 (macOS) and later, without the package bash-completion. The function runs no program and
 * evaluates nothing that is typed.
 */
export function bashScript(commands: readonly OfferedCommand[]): string {
  return `# bash completion for yurt, made by: yurt completion bash

_yurt() {
  COMPREPLY=()
  local current="\${COMP_WORDS[COMP_CWORD]}"
  local previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  # Bash makes three words of --flag=value.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi

  local command="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$command \${COMP_WORDS[index]}" in
${commands.flatMap(commandStep).join("\n")}
    esac
  done

  local words="" paths=""
  case "$command $previous" in
${valueBranches(commands).join("\n")}
    *)
      case "$command" in
${commands.map(commandBranch).join("\n")}
      esac
      ;;
  esac
  # Bash completes paths where the function offers nothing. Bash 3 has no compopt, and always does.
  if [[ -z $paths ]]; then
    compopt +o bashdefault +o default 2> /dev/null
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}

complete -o bashdefault -o default -F _yurt yurt
`;
}

/** One step of the search for the command: a command so far, and the word that leads to the next one. */
function commandStep({ path }: OfferedCommand): readonly string[] {
  if (path.length === 0) return [];
  const step = `${path.slice(0, -1).join(" ")} ${path.at(-1)}`;
  return [`      ${quoted(step)}) command=${quoted(path.join(" "))} ;;`];
}

/**
 * A branch for the flags of each kind of value. Most flags mean the same in every command; the others are matched with their
 * command.
 */
function valueBranches(commands: readonly OfferedCommand[]): readonly string[] {
  const all = commands.flatMap(({ flags, path }) =>
    flags
      .filter(({ value }) => value !== undefined)
      .map(({ spellings, value }) => ({ spellings, path, offered: offer(value?.offered ?? "text") })),
  );
  const offersOf = (spelling: string) =>
    new Set(all.filter(({ spellings }) => spellings.includes(spelling)).map(({ offered }) => offered));
  const branches = Map.groupBy(all, ({ offered }) => offered);
  return Array.from(branches, ([branch, members]) => {
    const patterns = members.flatMap(({ path, spellings }) =>
      spellings.map((spelling) =>
        offersOf(spelling).size === 1 ? `*${quoted(` ${spelling}`)}` : quoted(`${path.join(" ")} ${spelling}`),
      ),
    );
    return `    ${[...new Set(patterns)].join(" | ")}) ${branch} ;;`;
  });
}

function commandBranch({ path, flags, subcommands, operands }: OfferedCommand): string {
  const names = subcommands.map(({ name }) => name);
  return `        ${quoted(path.join(" "))})
          if [[ $current == -* ]]; then
            ${offer({ words: flags.map(({ spellings: [long] }) => long) })}
          else
            ${offer(names.length > 0 ? { words: names } : operands)}
          fi
          ;;`;
}

function offer(values: OfferedValues): string {
  if (values === "paths") return "paths=yes";
  return values === "text" ? ":" : `words=${quoted(values.words.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
