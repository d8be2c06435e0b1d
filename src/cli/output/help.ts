import { type OptionKey, optionKeys, optionOf } from "../../composition/settings/options.ts";
import { configurationFlag, configurationPaths } from "../../config/file/read-file.ts";
import { textOf } from "../../config/option.ts";
import type { Choice } from "../command.ts";
import {
  type CommandDefinition,
  type CommandGroup,
  choiceHelp,
  commandGroups,
  commands,
  switchHelp,
  textHelp,
} from "../commands.ts";
import { shortFlags, shownFlag } from "../flags.ts";
import { wrapped } from "./wrapped.ts";

/** A row of a help text: what is typed, and what it means. */
type HelpRow = readonly [term: string, text: string];

/** The width in columns beyond which a term gets a line of its own. */
const widestTerm = 26;

/** The flags that everybody needs. */
const mainKeys: readonly OptionKey[] = ["port", "host", "data", "auth.mode"];

const examples: readonly HelpRow[] = [
  ["yurt", "start on http://127.0.0.1:4444"],
  ["yurt --host 0.0.0.0 --auth-mode token", "share on your network, with tokens"],
  ["yurt serve a.example.com --auth-mode token", "serve a domain over HTTPS"],
  ["yurt token 'notes/*' --user ann", "create a token for rooms"],
];

const configurationRow: HelpRow = [
  `${configurationFlag} <file>`,
  `configuration file (default: ${configurationPaths.join(" or ")})`,
];

/** `yurt --help` */
export function programHelp(): string {
  return paragraphs(
    "Self-hosted sync and signaling server for Yjs apps.",
    section("Usage", [
      ["yurt [options]", "start the server"],
      ["yurt <command> [options]", "run another command"],
    ]),
    section("Commands", [
      ...commands.map(({ usage, help }): HelpRow => [usage, help]),
      ...commandGroups.map(({ name, help }): HelpRow => [`${name} <command>`, help]),
      ["help [command]", "show the help of a command"],
    ]),
    section("Options", [
      ...mainKeys.map(optionEntry),
      configurationRow,
      ["-h, --help", "show this help"],
      ["-v, --version", "print the version"],
    ]),
    section("Examples", examples, 42),
    "All options of the server: yurt serve --help",
  );
}

/** `yurt serve --help` */
export function serveHelp(): string {
  const shown = optionKeys.filter((key) => optionOf(key).isRare !== true);
  const groups = Map.groupBy(shown, (key) => optionOf(key).group);
  const limits: HelpRow = ["--limits <name=number,…>", "any limits by name; yurt limits lists them all"];
  return paragraphs(
    "Start the server. This is the default command.",
    section("Usage", [["yurt serve [domains...] [options]", ""]]),
    ...Array.from(groups, ([title, keys]) =>
      section(title, [...keys.map(optionEntry), ...(title === "Limits" ? [limits] : [])]),
    ),
    section("Configuration", [configurationRow]),
    wrapped(
      "Every option is also an environment variable and a key of the configuration file: --auth-mode is " +
        "YURT_AUTH_MODE and auth.mode, --no-sync is YURT_SYNC_ENABLED=false and sync.enabled = false. A flag takes " +
        "precedence over a variable, a variable over the file. yurt config init prints a file. For a secret prefer " +
        "a file of its own: YURT_AUTH_SECRET_FILE, or auth.secret-file in the configuration file, is its path.",
      "",
    ),
  );
}

/** `yurt documents --help` */
export function groupHelp({ name, help, note, commands: inGroup }: CommandGroup): string {
  const [{ usage } = { usage: "" }] = inGroup;
  return paragraphs(
    wrapped([sentence(help), note].filter((text) => text !== undefined).join(" "), ""),
    section("Usage", [[`yurt ${name} <command> [options]`, ""]]),
    section(
      "Commands",
      inGroup.map((command): HelpRow => [command.usage, command.help]),
    ),
    `Options of a command: yurt help ${name}, yurt ${name} ${usage} --help`,
  );
}

/** The help of any other command: its own options, and the settings that it reads. */
export function commandHelp(path: string, definition: CommandDefinition): string {
  const own: readonly HelpRow[] = [
    ...(definition.choices ?? []).map(
      (name): HelpRow => [`--${name} <${choiceHelp[name].placeholder}>`, withWords(name)],
    ),
    ...(definition.switches ?? []).map((name): HelpRow => [`--${name}`, switchHelp[name]]),
    ...(definition.texts ?? []).map(
      (name): HelpRow => [`--${name} <${textHelp[name].placeholder}>`, textHelp[name].help],
    ),
  ];
  const { settings } = definition;
  const keys = settings === "all" ? [] : (settings ?? []);
  const all = settings === "all" ? ["All options of the server are accepted: yurt serve --help"] : [];
  const operands = definition.usage.replace(/^\S+ ?/, "");
  return paragraphs(
    wrapped(sentence(definition.help), ""),
    section("Usage", [[`yurt ${path} ${operands}${operands === "" ? "" : " "}[options]`, ""]]),
    section("Options", [
      ...own,
      ...keys.map(optionEntry),
      ...(settings === undefined ? [] : [configurationRow]),
      ["-h, --help", "show this help"],
    ]),
    ...all,
    ...(definition.example === undefined ? [] : [section("Example", [[definition.example, ""]])]),
  );
}

function withWords(name: Choice): string {
  const { help, words } = choiceHelp[name];
  return `${help}: ${words.join(", ")}`;
}

function optionEntry(key: OptionKey): HelpRow {
  const option = optionOf(key);
  const { flag, help } = shownFlag(key);
  const short = shortFlags[key];
  const term = `${short === undefined ? "" : `${short}, `}${flag}`;
  if (option.kind === "boolean") return [term, help];
  const isShown = option.default !== undefined && textOf(option.default) !== "";
  const otherwise = isShown ? ` (default: ${textOf(option.default ?? "")})` : "";
  return [`${term} <${option.placeholder}>`, help + otherwise];
}

function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

function paragraphs(...parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}

function section(title: string, entries: readonly HelpRow[], widest = widestTerm): string {
  const widths = entries.map(([term]) => term.length).filter((length) => length <= widest);
  const width = Math.max(...widths, 0);
  return [`${title}:`, ...entries.map((entry) => entryLines(entry, width))].join("\n");
}

function entryLines([term, text]: HelpRow, width: number): string {
  if (text === "") return `  ${term}`;
  const lines = wrapped(text, " ".repeat(width + 4));
  return term.length > width ? `  ${term}\n${lines}` : `  ${term.padEnd(width)}  ${lines.trimStart()}`;
}
