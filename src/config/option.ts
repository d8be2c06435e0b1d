import type * as v from "valibot";

/** How a value is read where all values are text: in flags and in the environment. */
export type OptionKind = "text" | "number" | "boolean";

/** One row of a table of options: all that flags, environment, help and problem texts need to know about a setting. */
export interface Option<T> {
  readonly kind: OptionKind;
  readonly schema: v.GenericSchema<unknown, T>;
  readonly default: T;
  /** The values that the schema accepts, as the rest of the sentence "Give …". */
  readonly expected: string;
  readonly help: string;
  /** The value's name in help; for numbers its unit. */
  readonly placeholder: string;
  /** A variable of the platform, used when Yurt's own is not set. Unlike Yurt's own, it may be empty. */
  readonly platformVariable?: string;
  /** The value is never shown, and may be in a file that a variable names. */
  readonly isSecret?: true;
}

/** Options by their keys. A key has three spellings: `sync.durability`, `--sync-durability`, `YURT_SYNC_DURABILITY`. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The type of each setting's value. */
export type Values<Table extends OptionTable> = { readonly [Key in keyof Table]: Table[Key]["default"] };

/** The flag that sets `key`; a boolean `x.enabled` is set by `--x`, and by `--no-x` for false. */
export function flagOf(key: string, { kind }: Pick<Option<unknown>, "kind">, value?: string): string {
  const name = key.replace(/\.enabled$/, "").replaceAll(".", "-");
  return kind === "boolean" && value === "false" ? `--no-${name}` : `--${name}`;
}

export const variablePrefix = "YURT_";

/** The environment variable that sets `key`. */
export function variableOf(key: string): string {
  return `${variablePrefix}${key.replaceAll(/[.-]/g, "_").toUpperCase()}`;
}

/** The environment variable that names the file which holds the secret of `key`. */
export function fileVariableOf(key: string, { isSecret }: Pick<Option<unknown>, "isSecret">): string | undefined {
  return isSecret === true ? `${variableOf(key)}_FILE` : undefined;
}
