import { nearestName } from "../nearest-name.ts";
import { fileKeyOf, type OptionTable } from "../option.ts";

/** The keys and tables that a configuration file may contain. */
export interface FileKeys {
  has(key: string): boolean;
  isTable(name: string): boolean;
  /** The keys of the options in a table. */
  in(table: string): readonly string[];
  /** The keys of the options that a name means: all options of a table, or the option of a key. */
  near(name: string): readonly string[];
  nearestKey(key: string): string | undefined;
  nearestTable(name: string): string | undefined;
}

/** The keys of a table of options: each option has one, and a secret a second one for the path of its file. */
export function fileKeys(options: OptionTable): FileKeys {
  const optionOf = new Map<string, string>();
  for (const [key, option] of Object.entries(options)) {
    optionOf.set(key, key);
    const ofFile = fileKeyOf(key, option);
    if (ofFile !== undefined) optionOf.set(ofFile, key);
  }
  const keys = [...optionOf.keys()];
  const tables = [...new Set(keys.flatMap(tablesAbove))];
  const inTable = (table: string) => Object.keys(options).filter((key) => key.startsWith(`${table}.`));
  return {
    has: (key) => optionOf.has(key),
    isTable: (name) => tables.includes(name),
    in: inTable,
    near: (name) => {
      const option = optionOf.get(name);
      return option === undefined ? inTable(name) : [option];
    },
    nearestKey: (key) => nearestName(key, keys) ?? withLastName(key, keys),
    nearestTable: (name) => nearestName(name, tables) ?? nearestName(name, keys),
  };
}

/** `a` and `a.b` for `a.b.c`. */
function tablesAbove(key: string): readonly string[] {
  const names = key.split(".");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("."));
}

/** The only key that ends with the same name in another table: `webhook-url` was meant to be `auth.webhook-url`. */
function withLastName(key: string, keys: readonly string[]): string | undefined {
  const last = (of: string) => of.split(".").at(-1);
  const [found, ...others] = keys.filter((each) => last(each) === last(key));
  return others.length === 0 ? found : undefined;
}
