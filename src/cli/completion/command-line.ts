import * as v from "valibot";
import { type OptionKey, optionKeys, optionOf } from "../../composition/settings/options.ts";
import { configurationFlag } from "../../config/file/read-file.ts";
import type { Option } from "../../config/option.ts";
import type { Choice, Switch, Text } from "../command.ts";
import { shortFlags, shownFlag } from "../flags.ts";

/** The values that a shell offers for a flag or an operand: words, paths of files, or none because any text fits. */
export type OfferedValues = { readonly words: readonly string[] } | "paths" | "text";

/** A flag that a shell completes. */
export interface OfferedFlag {
  /** The long spelling first. */
  readonly spellings: readonly [string, ...string[]];
  readonly help: string;
  /** The name of its value and what is offered for it; undefined if the flag takes no value. */
  readonly value?: { readonly name: string; readonly offered: OfferedValues } | undefined;
}

/** A command, or the program itself, as a shell completes it. */
export interface OfferedCommand {
  /** The words after `yurt` that lead to it; none for the program itself. */
  readonly path: readonly string[];
  readonly help: string;
  readonly flags: readonly OfferedFlag[];
  readonly subcommands: readonly { readonly name: string; readonly help: string }[];
  readonly operands: OfferedValues;
}

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** One row of the table of commands, as far as a shell needs it. */
interface CommandRow {
  readonly usage: string;
  readonly help: string;
  readonly switches?: readonly Switch[];
  readonly choices?: readonly Choice[];
  readonly texts?: readonly Text[];
  readonly settings?: readonly OptionKey[] | "all";
}

/** The table of commands, which loads the completion and cannot be imported by it. */
export interface CommandTable {
  readonly commands: readonly CommandRow[];
  /** Commands below a word of their own, such as `documents`. */
  readonly groups: readonly {
    readonly name: string;
    readonly help: string;
    readonly commands: readonly CommandRow[];
  }[];
  readonly switchHelp: Readonly<Record<Switch, string>>;
  readonly choiceHelp: Readonly<Record<Choice, { readonly help: string; readonly words: readonly string[] }>>;
  readonly textHelp: Readonly<Record<Text, { readonly help: string; readonly placeholder: string }>>;
}

/** Everything that the shells complete: the program, its commands, and the commands below those. */
export function offeredCommands(table: CommandTable): readonly OfferedCommand[] {
  const describe = ({ usage, help }: CommandRow) => ({ name: nameOf(usage), help });
  const top = [...table.commands.map(describe), ...table.groups, { name: "help", help: "show the help of a command" }];
  const base = { flags: [helpFlag], subcommands: [], operands: { words: [] } } as const;
  return [
    {
      path: [],
      help: "",
      flags: [...serverFlags(), fileFlag, ...programFlags],
      subcommands: top,
      operands: { words: [] },
    },
    ...table.commands.map((each) => offered(table, [], each)),
    ...table.groups.flatMap(({ name, help, commands }) => [
      { ...base, path: [name], help, subcommands: commands.map(describe) },
      ...commands.map((each) => offered(table, [name], each)),
    ]),
    { ...base, path: ["help"], help: "show the help of a command", operands: { words: top.map(({ name }) => name) } },
  ];
}

const helpFlag: OfferedFlag = { spellings: ["--help", "-h"], help: "show the help" };
const fileFlag: OfferedFlag = {
  spellings: [configurationFlag],
  help: "configuration file",
  value: { name: "file", offered: "paths" },
};
const programFlags: readonly OfferedFlag[] = [helpFlag, { spellings: ["--version", "-v"], help: "print the version" }];

function offered(
  { switchHelp, choiceHelp, textHelp }: CommandTable,
  parents: readonly string[],
  { usage, help, switches = [], choices = [], texts = [], settings }: CommandRow,
): OfferedCommand {
  const name = nameOf(usage);
  const own: readonly OfferedFlag[] = [
    ...choices.map((choice): OfferedFlag => {
      const { help, words } = choiceHelp[choice];
      return { spellings: [`--${choice}`], help, value: { name: "format", offered: { words } } };
    }),
    ...switches.map((each): OfferedFlag => ({ spellings: [`--${each}`], help: switchHelp[each] })),
    ...texts.map((text): OfferedFlag => {
      const { help, placeholder } = textHelp[text];
      return { spellings: [`--${text}`], help, value: { name: placeholder, offered: "text" } };
    }),
  ];
  const ofSettings = settings === "all" ? serverFlags() : (settings ?? []).flatMap(settingFlags);
  const ofFile = settings === undefined ? [] : [fileFlag];
  return {
    path: [...parents, name],
    help,
    flags: [...own, ...ofSettings, ...ofFile, helpFlag],
    subcommands: [],
    operands: operandsOf(usage),
  };
}

/** The flags that `yurt serve --help` shows. */
function serverFlags(): readonly OfferedFlag[] {
  return optionKeys.filter((key) => optionOf(key).isRare !== true).flatMap(settingFlags);
}

function settingFlags(key: OptionKey): readonly OfferedFlag[] {
  const option = optionOf(key);
  const { flag, help } = shownFlag(key);
  if (option.kind === "boolean") return [{ spellings: [flag], help }];
  const short = shortFlags[key];
  const value = { name: option.placeholder, offered: valuesOf(option) };
  return [{ spellings: [flag, ...(short === undefined ? [] : [short])], help, value }];
}

/** The placeholder of a value lists its words, or says that it is a path. In `time|off` only the second is a word. */
function valuesOf({ placeholder, schema }: Option<unknown>): OfferedValues {
  const names = placeholder.split("|");
  if (names.some((name) => ["file", "folder"].includes(name))) return "paths";
  const words = names.length === 1 ? [] : names.filter((name) => v.is(schema, name));
  return words.length > 0 ? { words } : "text";
}

function operandsOf(usage: string): OfferedValues {
  const [, operand = ""] = /[<[](\w+)/.exec(usage) ?? [];
  if (operand === "") return { words: [] };
  if (operand === "shell") return { words: shells };
  return ["target", "source", "path"].includes(operand) ? "paths" : "text";
}

function nameOf(usage: string): string {
  return usage.replace(/ .*/, "");
}
