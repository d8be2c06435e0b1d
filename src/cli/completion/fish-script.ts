import type { OfferedCommand, OfferedFlag, OfferedValues } from "./command-line.ts";

/** The completion of fish, for a file `yurt.fish` in a folder of completions. */
export function fishScript(commands: readonly OfferedCommand[]): string {
  return `# fish completion for yurt, made by: yurt completion fish

# The command so far, without flags: "documents list".
function __yurt_command
    set -l command
    for word in (commandline -opc)[2..]
        switch "$command $word"
${commands
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => {
    const known = `${path.slice(0, -1).join(" ")} ${path.at(-1)}`;
    return `            case ${quoted(known)}\n                set command ${quoted(path.join(" "))}`;
  })
  .join("\n")}
        end
    end
    echo "$command"
end

complete -c yurt -f
${commands.flatMap(completionsOf).join("\n")}
`;
}

function completionsOf({ path, flags, subcommands, operands }: OfferedCommand): readonly string[] {
  const start = `complete -c yurt -n ${quoted(`test "$(__yurt_command)" = ${quoted(path.join(" "))}`)}`;
  return [
    ...subcommands.map(({ name, help }) => `${start} -a ${name} -d ${quoted(help)}`),
    ...(operands === "paths" ? [`${start} -F`] : []),
    ...(operands !== "paths" && operands !== "text" && operands.words.length > 0
      ? [`${start} -a ${quoted(operands.words.join(" "))}`]
      : []),
    ...flags.map((flag) => `${start} ${flagWords(flag)}`),
  ];
}

function flagWords({ spellings: [long, short], help, value }: OfferedFlag): string {
  const names = `-l ${long.slice(2)}${short === undefined ? "" : ` -s ${short.slice(1)}`}`;
  return [names, ...(value === undefined ? [] : [valueWords(value.offered)]), `-d ${quoted(help)}`].join(" ");
}

function valueWords(values: OfferedValues): string {
  if (values === "paths") return "-r -F";
  return values === "text" ? "-x" : `-x -a ${quoted(values.words.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
