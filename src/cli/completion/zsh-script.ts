import type { OfferedCommand, OfferedFlag, OfferedValues } from "./command-line.ts";

/** The completion of zsh, for a file `_yurt` in a folder of `fpath`, or to be sourced after `compinit`. */
export function zshScript(commands: readonly OfferedCommand[]): string {
  return `#compdef yurt
# zsh completion for yurt, made by: yurt completion zsh

${commands.map(zshFunction).join("\n\n")}

if [[ $funcstack[1] == _yurt ]]; then
  _yurt "$@"
else
  compdef _yurt yurt
fi
`;
}

function zshFunction({ path, flags, subcommands, operands }: OfferedCommand): string {
  const specs = flags.map(flagSpec);
  if (subcommands.length === 0) {
    const hasOperands = operands === "text" || operands === "paths" || operands.words.length > 0;
    // Where nothing is offered the action is "()": with " " zsh would list a flag that it has found, and not insert it.
    const rest = operands === "text" ? "()" : action(operands);
    const all = hasOperands ? [...specs, quoted(`*:operand:${rest}`)] : specs;
    return `${functionOf(path)}() {\n  _arguments ${continued(all, "    ")}\n}`;
  }
  const described = subcommands.map(({ name, help }) => quoted(`${name}:${help}`));
  const branches = subcommands.map(({ name }) => `      ${name}) ${functionOf([...path, name])} ;;`);
  return `${functionOf(path)}() {
  local curcontext="$curcontext" state line
  local -a state_descr commands
  local -A opt_args
  _arguments -C ${continued([...specs, quoted("1: :->command"), quoted("*:: :->arguments")], "    ")}
  case $state in
    command)
      commands=(${continued(described, "        ")})
      _describe -t commands 'command' commands
      ;;
    arguments)
      case $line[1] in
${branches.map((branch) => `  ${branch}`).join("\n")}
      esac
      ;;
  esac
}`;
}

function flagSpec({ spellings, help, value }: OfferedFlag): string {
  const [long, short] = spellings;
  const name = value === undefined ? long : `${long}=`;
  const argument = value === undefined ? "" : `:${escaped(value.name)}:${action(value.offered)}`;
  const described = quoted(`[${escaped(help)}]${argument}`);
  return short === undefined
    ? quoted(name) + described
    : `${quoted(`(${long} ${short})`)}{${[name, value === undefined ? short : `${short}+`].join(",")}}${described}`;
}

function action(values: OfferedValues): string {
  if (values === "paths") return "_files";
  return values === "text" ? " " : `(${values.words.join(" ")})`;
}

function functionOf(path: readonly string[]): string {
  return ["_yurt", ...path].join("_");
}

function continued(lines: readonly string[], indent: string): string {
  return lines.map((line) => `\\\n${indent}${line}`).join(" ");
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
