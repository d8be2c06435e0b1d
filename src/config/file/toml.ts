import type { AST } from "toml-eslint-parser";

/** A place in a text. Both are counted from 1, the column in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value of a TOML document. `source` is its text in the document. */
export type TomlValue =
  | { readonly type: "text" | "date"; readonly text: string; readonly source: string }
  | { readonly type: "integer" | "float"; readonly number: number; readonly source: string }
  | { readonly type: "boolean"; readonly boolean: boolean; readonly source: string }
  | { readonly type: "list"; readonly elements: readonly TomlValue[]; readonly source: string }
  | { readonly type: "table"; readonly entries: readonly TomlEntry[]; readonly source: string };

/** A key with its value, in any table of the document. */
export interface TomlEntry {
  /** The names of its table, then its own. */
  readonly path: readonly string[];
  readonly at: Position;
  readonly value: TomlValue;
  readonly valueAt: Position;
  /** The same key, or its table as something else, is defined above. */
  readonly isDuplicate: boolean;
}

/** The heading of a table, `[a]`, or of an element of a list of tables, `[[a]]`. */
export interface TomlHeading {
  readonly path: readonly string[];
  readonly at: Position;
  readonly isList: boolean;
  readonly isDuplicate: boolean;
}

export type ParsedToml =
  | { readonly ok: true; readonly headings: readonly TomlHeading[]; readonly entries: readonly TomlEntry[] }
  /** The first error: after it, a parser cannot know what was meant. `detail` is a phrase of the parser. */
  | { readonly ok: false; readonly at: Position; readonly detail: string };

const duplicateMessage = "Defining a key multiple times is invalid";
const keyToken = /[\w-]+|"(?:\\.|[^"\\])*"|'[^']*'/y;
/** Marks a key that was renamed because it is a duplicate. TOML permits it in a key as an escape only. */
const renameMark = "\u0000";

/**
 * Parses TOML 1.0. Duplicate keys are marked, all of them: the parser, which ends at the first, is given the document
 * again with that key renamed.
 */
export async function parseToml(text: string): Promise<ParsedToml> {
  // Loaded only when there is a file to read.
  const { ParseError, parseTOML } = await import("toml-eslint-parser");
  const renamed = new RenamedKeys(text);
  for (;;) {
    try {
      const { body } = parseTOML(renamed.text, { tomlVersion: "1.0.0" });
      return { ok: true, ...new TomlReader(renamed).read(body[0].body) };
    } catch (error) {
      // Neither the parser nor the reader bounds the depth of lists and tables.
      if (error instanceof RangeError) return { ok: false, at: { line: 1, column: 1 }, detail: "Nested too deeply" };
      if (!(error instanceof ParseError)) throw error;
      const isRenamed = error.message === duplicateMessage && renamed.rename(error.index);
      if (!isRenamed) return { ok: false, at: renamed.positionOf(error.index), detail: error.message };
    }
  }
}

/** A document in which duplicate keys have other names, with the positions of the original one. */
class RenamedKeys {
  #text: string;
  readonly #original: string;
  /** Where keys were renamed, as indexes of the original, and by how much longer the new names are. */
  readonly #renames: { readonly index: number; readonly added: number }[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#original = text;
  }

  get text(): string {
    return this.#text;
  }

  /** Renames the key that begins at `index` of the text. Returns false when there is none. */
  rename(index: number): boolean {
    keyToken.lastIndex = index;
    const [token] = keyToken.exec(this.#text) ?? [];
    if (token === undefined) return false;
    const original = this.#originalIndex(index);
    const key = token.startsWith('"') ? token.slice(1, -1) : escaped(token.replaceAll("'", ""));
    const name = `"${key}\\u0000${this.#renames.length}"`;
    this.#text = this.#text.slice(0, index) + name + this.#text.slice(index + token.length);
    this.#renames.push({ index: original, added: name.length - token.length });
    return true;
  }

  /** The position in the original document of what is at `index` of the text. */
  positionOf(index: number): Position {
    const before = this.#original.slice(0, this.#originalIndex(index)).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

  #originalIndex(index: number): number {
    let original = index;
    for (const rename of this.#renames.toSorted((one, other) => one.index - other.index)) {
      if (rename.index < original) original -= Math.min(rename.added, original - rename.index);
    }
    return original;
  }
}

/** Writes the characters of a literal key as those of a basic one. */
function escaped(key: string): string {
  return key.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

/** Turns the nodes of the parser into entries with the positions of the original document. */
class TomlReader {
  readonly #renamed: RenamedKeys;

  constructor(renamed: RenamedKeys) {
    this.#renamed = renamed;
  }

  read(nodes: readonly (AST.TOMLKeyValue | AST.TOMLTable)[]) {
    const headings: TomlHeading[] = [];
    const entries: TomlEntry[] = [];
    for (const node of nodes) {
      if (node.type === "TOMLKeyValue") {
        entries.push(this.#entry(node, []));
        continue;
      }
      const heading = { ...this.#key(node.key, []), isList: node.kind === "array" };
      headings.push(heading);
      entries.push(...node.body.map((each) => this.#entry(each, heading.path)));
    }
    return { headings, entries };
  }

  #entry({ key, value }: AST.TOMLKeyValue, table: readonly string[]): TomlEntry {
    return { ...this.#key(key, table), value: this.#value(value), valueAt: this.#renamed.positionOf(value.range[0]) };
  }

  #key({ keys, range }: AST.TOMLKey, table: readonly string[]): Omit<TomlHeading, "isList"> {
    const names = keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value));
    return {
      path: [...table, ...names.map((name) => name.split(renameMark, 1).join(""))],
      at: this.#renamed.positionOf(range[0]),
      isDuplicate: names.some((name) => name.includes(renameMark)),
    };
  }

  #value(node: AST.TOMLContentNode): TomlValue {
    const source = this.#renamed.text.slice(...node.range);
    switch (node.type) {
      case "TOMLArray":
        return { type: "list", elements: node.elements.map((element) => this.#value(element)), source };
      case "TOMLInlineTable":
        return { type: "table", entries: node.body.map((entry) => this.#entry(entry, [])), source };
      case "TOMLValue":
        return literal(node, source);
    }
  }
}

function literal(node: AST.TOMLValue, source: string): TomlValue {
  switch (node.kind) {
    case "string":
      return { type: "text", text: node.value, source };
    case "integer":
      return { type: "integer", number: node.value, source };
    case "float":
      return { type: "float", number: node.value, source };
    case "boolean":
      return { type: "boolean", boolean: node.value, source };
    default:
      return { type: "date", text: node.datetime, source };
  }
}
