import type { OptionTable } from "../option.ts";
import type { FilePosition, FileProblem } from "../problem.ts";
import { fileKeys } from "./file-keys.ts";
import { parseToml, type TomlEntry, type TomlHeading, type TomlValue } from "./toml.ts";

/** The value of a setting as the file writes it. */
export interface FileValue {
  readonly value: TomlValue;
  readonly position: FilePosition;
}

/** A configuration file that was read. */
export interface ConfigurationFile {
  readonly path: string;
  /** The values by their keys: those of options, and those that name the file of a secret. */
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly FileProblem[];
  /** False if the file could not be parsed, so that settings may be missing. */
  readonly isComplete: boolean;
  /** Users other than the owner and the group can read the file, and it holds a secret. */
  readonly exposesSecrets: boolean;
}

/** The text of a configuration file, and where it is. */
export interface FileText {
  readonly path: string;
  readonly text: string;
  readonly isReadableByOthers: boolean;
}

/** Finds the settings in the text of a file. The values themselves are checked when the settings are loaded. */
export async function parseConfigurationFile(options: OptionTable, file: FileText): Promise<ConfigurationFile> {
  const { path, text, isReadableByOthers } = file;
  const parsed = await parseToml(text);
  if (!parsed.ok) {
    const message = `Invalid TOML: ${parsed.detail.toLowerCase()}`;
    const problem = { path, position: { path, ...parsed.at }, message, remedy: syntaxRemedy, concerns: undefined };
    return { path, values: new Map(), problems: [problem], isComplete: false, exposesSecrets: false };
  }
  const reader = new SettingReader(options, path);
  for (const heading of parsed.headings) reader.readHeading(heading);
  for (const entry of parsed.entries) reader.readEntry(entry);
  const holdsSecret = [...reader.values.keys()].some((key) => options[key]?.isSecret === true);
  return {
    path,
    values: reader.values,
    problems: reader.problems,
    isComplete: true,
    exposesSecrets: holdsSecret && isReadableByOthers,
  };
}

const syntaxRemedy =
  'Write one setting on a line, such as port = 4444 or data = "./yurt-data": strings in quotes, arrays in brackets.';

class SettingReader {
  readonly values = new Map<string, FileValue>();
  readonly problems: FileProblem[] = [];
  readonly #keys: ReturnType<typeof fileKeys>;
  readonly #path: string;
  /** Names that are reported already, because they are unknown or no tables: the entries in them are not reported. */
  readonly #reported: (readonly string[])[] = [];

  constructor(options: OptionTable, path: string) {
    this.#keys = fileKeys(options);
    this.#path = path;
  }

  readHeading({ path, at, isList, isDuplicate }: TomlHeading): void {
    const name = written(path);
    const report = (message: string, remedy: string, concerns: readonly string[]) => {
      this.#report(at, message, remedy, concerns);
    };
    const isKnown = this.#keys.isTable(name);
    const keys = this.#keys.in(name);
    if (isDuplicate) report(`Table [${name}] is defined twice`, "Join the two.", keys);
    else if (isKnown && isList) report(`[[${name}]] is a list of tables`, `Write [${name}].`, keys);
    if (isKnown) return;
    this.#reported.push(path);
    if (this.#keys.has(name)) report(`${name} is a setting, not a table`, `Write ${name} = …`, [name]);
    else this.#reportUnknown(`Unknown table [${name}]`, name, this.#keys.nearestTable(name), at);
  }

  readEntry({ path, at, value, valueAt, isDuplicate }: TomlEntry, table: readonly string[] = []): void {
    const full = [...table, ...path];
    if (this.#reported.some((prefix) => prefix.every((name, index) => full[index] === name))) return;
    const name = written(full);
    if (isDuplicate) {
      this.#report(
        at,
        `Duplicate key ${name}`,
        `${this.#whereFirst(name)}Remove one of the two.`,
        this.#keys.near(name),
      );
    } else if (this.#keys.has(name)) {
      this.values.set(name, { value, position: { path: this.#path, ...valueAt } });
    } else if (this.#keys.isTable(name)) {
      if (value.type === "table") for (const entry of value.entries) this.readEntry(entry, full);
      else
        this.#report(
          at,
          `${name} is a table, not a setting`,
          `Write its settings below [${name}].`,
          this.#keys.in(name),
        );
    } else this.#reportUnknown(`Unknown key ${name}`, name, this.#keys.nearestKey(name), at);
  }

  #whereFirst(name: string): string {
    const first = this.values.get(name)?.position;
    return first === undefined ? "" : `It is also on line ${first.line}. `;
  }

  #reportUnknown(message: string, name: string, nearest: string | undefined, at: TomlHeading["at"]): void {
    const list = name.startsWith("limits.") ? "yurt limits" : "yurt config init";
    const remedy = nearest === undefined ? `Run ${list} to list all keys.` : `Did you mean ${nearest}?`;
    this.#report(at, message, remedy, nearest === undefined ? [] : this.#keys.near(nearest));
  }

  #report(at: TomlHeading["at"], message: string, remedy: string, concerns: readonly string[]): void {
    const position = { path: this.#path, ...at };
    this.problems.push({ path: this.#path, position, message, remedy, concerns });
  }
}

/** A key as a file writes it: names that are not bare are quoted. */
function written(path: readonly string[]): string {
  return path.map((name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name))).join(".");
}
