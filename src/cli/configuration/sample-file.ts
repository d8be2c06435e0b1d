import { type OptionKey, optionKeys, optionOf, options } from "../../composition/settings/options.ts";
import { tomlOf } from "../../config/file/write-toml.ts";
import { fileKeyOf, flagOf, type Input, type Option } from "../../config/option.ts";
import { wrapped } from "../output/wrapped.ts";

const introduction = `\
# Configuration of Yurt.
#
# Lines that begin with # and no space are settings with their defaults, or with
# an example if the comment says so: remove the # to set them. Flags and
# environment variables take precedence over this file.
#
# Check it with: yurt check. Show all values with: yurt config show.
`;

/**
 * A configuration file in which every setting that is not rare is commented out, with its default or an example. It is
 * valid without changes, and every setting may be uncommented, except that secrets must be replaced.
 */
export function sampleFile(): string {
  const keys = optionKeys.filter((key) => optionOf(key).isRare !== true);
  const tables = Map.groupBy(keys, tableOf);
  const { "": top = [], ...rest } = Object.fromEntries(tables);
  return [
    introduction,
    ...top.map((key) => settingLines(key, key)),
    ...Object.entries(rest).flatMap(([table, inTable]) => [
      `[${table}]\n`,
      ...(table === "limits" ? ["# yurt limits lists all of them.\n"] : []),
      ...inTable.map((key) => settingLines(key, key.slice(table.length + 1))),
    ]),
  ].join("\n");
}

/** The table of a key; empty for a key without one. */
function tableOf(key: OptionKey): string {
  const [table = "", ...names] = key.split(".");
  return names.length === 0 ? "" : table;
}

/** A setting with its help, and for a secret the setting that names its file. `name` is the key in its table. */
function settingLines(key: OptionKey, name: string): string {
  const option = optionOf(key);
  const { help, default: otherwise, isSecret } = option;
  const isExample = otherwise === undefined || tomlOf(otherwise) === "[]";
  const value = isExample ? exampleOf(option) : otherwise;
  const ofFile = fileKeyOf(name, option);
  const note = isExample && isSecret !== true ? " Example:" : "";
  return [
    wrapped(`${sentence(withKeys(help))}${note}`, "# "),
    `#${name} = ${tomlOf(value)}`,
    ...(ofFile === undefined
      ? []
      : ["# Or the path of a file that holds it:", `#${ofFile} = "/run/secrets/${key.replace(".", "-")}"`]),
    "",
  ].join("\n");
}

/** The example of a secret is not a valid secret: it is refused until it is replaced. */
function exampleOf({ example, isSecret }: Option<unknown>): Input {
  return example ?? (isSecret === true ? "replace me" : "");
}

/** Names settings as a file does: `auth.mode` for `--auth-mode`. */
function withKeys(help: string): string {
  return help.replaceAll(
    /--[a-z][a-z-]*/g,
    (flag) => optionKeys.find((key) => flagOf(key, options[key]) === flag) ?? flag,
  );
}

function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}${/[.:?]$/.test(help) ? "" : "."}`;
}
