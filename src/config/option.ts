import * as v from "valibot";

/** A value before its schema has read it, as a configuration file writes it. */
export type Input = string | number | boolean | readonly (string | number)[];

/** The type of a value before its schema has read it. It decides how a text becomes an input. */
export type OptionKind = "text" | "number" | "boolean" | "texts" | "numbers";

/** One row of a table of options: all that flags, environment, help and problem texts need to know about a setting. */
export interface Option<T> {
  readonly kind: OptionKind;
  /** Reads an input of this kind into the value that the server is given. */
  readonly schema: v.GenericSchema<unknown, T>;
  /** Used when nothing is given. The schema accepts it. */
  readonly default: Input | undefined;
  /** A value for the file of `yurt config init`; needed when the default is undefined or empty, except for a secret. */
  readonly example?: Input;
  /** The inputs that the schema accepts, as the rest of the sentence "Give …". */
  readonly expected: string;
  /** One line, without its default: a noun phrase, or the rest of "to …" for a boolean. */
  readonly help: string;
  /** Replaces `help` for the flag that sets a boolean to false. */
  readonly negativeHelp?: string;
  /** The heading under which help and reference list it. */
  readonly group: string;
  /** Listed in the reference, but not in the help. */
  readonly isRare?: true;
  /** The value's name in help. */
  readonly placeholder: string;
  /** A variable of the platform, used when Yurt's own is not set. Unlike Yurt's own, it may be empty. */
  readonly platformVariable?: string;
  /** The value is never shown, and may be in a file that a variable names. */
  readonly isSecret?: true;
  /** A running server takes over a new value when it reloads its configuration; others need a restart. */
  readonly isReloadable?: true;
}

/** Declares a row of a table of options, with the type of its value. */
export function option<T>(definition: Option<T>): Option<T> {
  return definition;
}

/**
 * Options by their keys. A key has three spellings: `sync.durability` in a configuration file, `--sync-durability`,
 * `YURT_SYNC_DURABILITY`. No key is the table of another.
 */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The type of each setting's value. */
export type Values<Table extends OptionTable> = {
  readonly [Key in keyof Table]: v.InferOutput<Table[Key]["schema"]>;
};

/** Separates the elements of a list that is given as a text. */
const separators = /[\s,]+/;

/** Reads a text as an input of its kind. A text that is not of its kind stays a text, which the schema refuses. */
export function inputOf(kind: OptionKind, text: string): Input {
  switch (kind) {
    case "text":
      return text;
    case "number":
      return numberOr(text);
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : text;
    case "texts":
      return elementsOf(text);
    case "numbers": {
      const numbers = elementsOf(text).map(numberOr);
      return numbers.every((element) => typeof element === "number") ? numbers : text;
    }
  }
}

/** Writes an input as a flag or a variable would give it. */
export function textOf(input: Input): string {
  return typeof input === "object" ? input.join(",") : String(input);
}

function numberOr(text: string): number | string {
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/** The elements of a list that is given as a text. */
export function elementsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(separators);
}

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

/** The key of a configuration file that names the file which holds the secret of `key`. */
export function fileKeyOf(key: string, { isSecret }: Pick<Option<unknown>, "isSecret">): string | undefined {
  return isSecret === true ? `${key}-file` : undefined;
}

/** A schema that reads its input with `parse`, which returns undefined for an input that is not accepted. */
export function parsed<In, Out>(
  input: v.GenericSchema<unknown, In>,
  parse: (input: In) => Out | undefined,
): v.GenericSchema<unknown, Out> {
  return v.pipe(
    input,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue();
      return NEVER;
    }),
  );
}
