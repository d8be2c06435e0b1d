import { join } from "node:path";
import { type CommandDefinition, choiceHelp, commandGroups, commands } from "../src/cli/commands.ts";
import { shownFlag } from "../src/cli/flags.ts";
import { limitKeyOf } from "../src/composition/settings/limit-options.ts";
import { limitGroups, limitTable } from "../src/composition/settings/limits.ts";
import { type OptionKey, optionKeys, optionOf, options } from "../src/composition/settings/options.ts";
import { isReloadable } from "../src/composition/settings/reload.ts";
import type { Limit, LimitTable } from "../src/config/limit.ts";
import { fileVariableOf, textOf, variableOf } from "../src/config/option.ts";
import { apiReference, apiReferencePath, servedDescription } from "./api-reference.ts";

export const referencePath = "docs/reference.md";

/** The page that lists all commands, settings and bounds, from the tables that the program itself uses. */
export function reference(): string {
  return `# Reference

<!-- Generated from the source by \`npm run reference\`: do not edit. -->

## Commands

${commandTable()}

\`yurt documents\` works through the server that runs on the data folder, with an API key that lives as long as the
command; if none runs, it works on the folder itself. Only \`compact\` needs the server to be stopped. The commands print
tables on a terminal and tab-separated lines elsewhere; \`--json\` prints one JSON object per line. A name that contains
control characters, or begins or ends with a space, is written as JSON.

Exit codes: 0 done, 1 failed, 2 wrong usage of the command line, 78 invalid configuration.

SIGTERM and SIGINT [stop the server](lifecycle.md#stop): it closes all connections with code 1012, in waves if there are
many, writes everything to the disk, and exits with 0; clients reconnect. A second signal ends it at once. \`/healthz\`
answers while the process runs, \`/readyz\` while it can store updates.

## Settings

Every setting has a key in the configuration file, a flag and an environment variable. A flag takes precedence over a
variable, a variable over the file, and the file over the default. Elements of a list are separated by commas; in the file
a list may also be an array. [configuration.md](configuration.md) describes the file.

On SIGHUP, a running server reads its configuration again. Settings with a "yes" in the last column and the limits change
at once; the others need a restart. See [life cycle](lifecycle.md#reload).

${settingGroups()}

Prefer files for secrets: set \`YURT_AUTH_SECRET_FILE\`, or \`auth.secret-file\` in the configuration file, to a path. Trailing white space in the file is ignored, and
neither the secret nor the file's name is ever shown. A secret on the command line can be read by every user of the
machine.

## Limits

Every limit on what clients may ask of the server is a setting \`limits.<name>\`: flag \`--limits-json-depth 64\`, variable
\`YURT_LIMITS_JSON_DEPTH=64\`. \`--limits json-depth=64,name-bytes=128\` sets several at once. All are whole numbers of at
least 1, or of at least 0 where the table says what 0 does. \`yurt limits\` prints them.

A client that reads slowly gets what it missed as one update, and one that hardly reads is disconnected. The messages of
a client that is too fast are delayed. A message that is too large is refused, and the client is told so. The last
column says which of these happens, with the name of the close reason (see [close codes](architecture.md#close-codes)); a
dash stands for an answer in the words of the protocol, or for none.

Limits per address do not apply to connections from the same machine, nor to a private address that sends
\`X-Forwarded-For\` without being listed. So name your reverse proxies with \`--proxy-trusted\`. The
client address is then the right-most \`X-Forwarded-For\` entry that is not a trusted proxy. From anyone else the header
is ignored, and the log says so (\`forwarded-for-ignored\`), at most once in ten minutes. Of IPv6, one /64 counts as one
address.

A reload takes over all limits but these: ${limitsThatNeedRestart()}.

${limitGroups.map(({ title, table }) => `### ${title}\n\n${tableOfLimits(table)}`).join("\n\n")}
`;
}

function commandTable(): string {
  const row = (prefix: string, { usage, help, switches = [], texts = [], choices = [] }: CommandDefinition) => {
    const own = [
      ...choices.map((name) => `--${name} ${choiceHelp[name].placeholder.toUpperCase()}`),
      ...switches.map((name) => `[--${name}]`),
      ...texts.map((name) => `[--${name} …]`),
    ];
    const operands = usage.replaceAll(/[<[](\w+)(\.\.\.)?[>\]]/g, (shown, name: string, many?: string) => {
      const operand = name.toUpperCase() + (many === undefined ? "" : "…");
      return shown.startsWith("[") ? `[${operand}]` : operand;
    });
    return [`\`${["yurt", ...prefix.split(" "), operands, ...own].filter((word) => word !== "").join(" ")}\``, help];
  };
  const rows = [
    ...commands.map((each) => row("", each)),
    ...commandGroups.flatMap(({ name, commands: inGroup }) => inGroup.map((each) => row(name, each))),
  ];
  return table(["command", "what it does"], rows);
}

function settingGroups(): string {
  const groups = Map.groupBy(
    optionKeys.filter((key) => !key.startsWith("limits.")),
    (key) => options[key].group,
  );
  return Array.from(groups, ([title, keys]) => {
    const rows = keys.map(settingRow);
    return `### ${title}\n\n${table(["key", "flag", "variable", "default", "", "reload"], rows)}`;
  }).join("\n\n");
}

function settingRow(key: OptionKey): readonly string[] {
  const option = optionOf(key);
  const { flag, help } = shownFlag(key);
  const variables = [variableOf(key), fileVariableOf(key, option), option.platformVariable];
  const otherwise = option.default === undefined ? "" : textOf(option.default);
  return [
    `\`${key}\``,
    `\`${flag}\``,
    variables.flatMap((name) => (name === undefined ? [] : [`\`${name}\``])).join(", "),
    otherwise === "" ? "" : `\`${otherwise}\``,
    help,
    isReloadable(key) ? "yes" : "",
  ];
}

function limitsThatNeedRestart(): string {
  const names = Object.entries<Limit>(limitTable).filter(([, { needsRestart }]) => needsRestart === true);
  return names.map(([name]) => `\`${limitKeyOf(name).replace("limits.", "")}\``).join(", ");
}

function tableOfLimits(limits: LimitTable): string {
  const rows = Object.entries(limits).map(([name, limit]) => [
    `\`${limitKeyOf(name).replace("limits.", "")}\``,
    defaultOf(limit),
    limit.max === undefined ? "" : limit.max.toLocaleString("en-US"),
    limit.help,
    limit.beyond ?? "–",
  ]);
  return table(["name", "default", "at most", "what it bounds", "beyond it"], rows);
}

/** The default with its unit; bytes and times also in a readable form. */
function defaultOf({ default: value, unit }: Limit): string {
  if (unit === "count") return String(value);
  const spoken = unit === "bytes" ? binary(value) : unit === "ms" ? duration(value) : undefined;
  return `${value} ${unit}${spoken === undefined ? "" : ` (${spoken})`}`;
}

function binary(bytes: number): string | undefined {
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 1_024 && bytes % 1_024 === 0 ? `${bytes / 1_024} KiB` : undefined;
}

function duration(ms: number): string {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} days`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(titles), `|${titles.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  const root = join(import.meta.dir, "..");
  await Bun.write(join(root, referencePath), reference());
  await Bun.write(join(root, apiReferencePath), apiReference(await servedDescription()));
}
