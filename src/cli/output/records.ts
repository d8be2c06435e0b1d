import type { CommandInput } from "../command.ts";
import { formatBytes, formatCount, formatName, print } from "./print.ts";

/** One column of a list. Names come last, so that lines can be written before the longest name is known. */
export interface ListColumn<Key extends string> {
  readonly key: Key;
  /** The heading of the column, on a terminal. */
  readonly title: string;
  readonly kind: "bytes" | "count" | "word" | "name";
  /** The width on a terminal, in characters; 9 by default, and none for names that come last. */
  readonly width?: number;
}

export type Row<Key extends string> = Readonly<Record<Key, string | number>>;

/** Writes a table on a terminal, tab-separated lines of exact values elsewhere, and JSON lines with `--json`. */
export class RowWriter<Key extends string> {
  readonly #input: CommandInput;
  readonly #columns: readonly ListColumn<Key>[];
  #hasHeader = false;

  constructor(input: CommandInput, columns: readonly ListColumn<Key>[]) {
    this.#input = input;
    this.#columns = columns;
  }

  /** Whether the output is a table on a terminal. */
  get isTable(): boolean {
    return isForPeople(this.#input);
  }

  async write(rows: readonly Row<Key>[]): Promise<void> {
    const header = this.isTable && !this.#hasHeader && rows.length > 0 ? [this.#tableLine(({ title }) => title)] : [];
    this.#hasHeader = true;
    const lines = [...header, ...rows.map((row) => this.#line(row))];
    await print(this.#input.stdout, lines.map((line) => `${line}\n`).join(""));
  }

  #line(row: Row<Key>): string {
    if (this.#input.switches.has("json")) return JSON.stringify(row);
    if (this.isTable) return this.#tableLine(({ key, kind }) => formatForPeople(row[key], kind));
    return this.#columns.map(({ key, kind }) => formatExactly(row[key], kind)).join("\t");
  }

  #tableLine(cell: (column: ListColumn<Key>) => string): string {
    return this.#columns.map((column) => padded(cell(column), column)).join("  ");
  }
}

const columnWidth = 9;

/** Numbers and words stand on the right of their column, names on the left. */
function padded(text: string, { kind, width }: Pick<ListColumn<string>, "kind" | "width">): string {
  return kind === "name" ? text.padEnd(width ?? 0) : text.padStart(width ?? columnWidth);
}

/** One fact of something that is described alone. */
export interface Fact {
  readonly key: string;
  readonly value: string | number | boolean;
  readonly kind: ListColumn<string>["kind"] | "yes-or-no";
  readonly label: string;
}

/** Writes one line for each fact, in the formats of `RowWriter`; with `--json` one object. */
export async function printFacts(input: CommandInput, facts: readonly Fact[]): Promise<void> {
  const { stdout, switches } = input;
  if (switches.has("json")) {
    const object = Object.fromEntries(facts.map(({ key, value }) => [key, value]));
    await print(stdout, `${JSON.stringify(object)}\n`);
    return;
  }
  const width = Math.max(...facts.map(({ label }) => label.length));
  const lines = facts.map(({ key, label, value, kind }) =>
    isForPeople(input)
      ? `${label.padEnd(width)}  ${formatForPeople(value, kind)}\n`
      : `${key}\t${formatExactly(value, kind)}\n`,
  );
  await print(stdout, lines.join(""));
}

/** Whether the output is for a person: on a terminal, and without `--json`. */
export function isForPeople({ stdout, switches }: CommandInput): boolean {
  return stdout.isTTY === true && !switches.has("json");
}

function formatForPeople(value: Fact["value"], kind: Fact["kind"]): string {
  switch (kind) {
    case "bytes":
      return formatBytes(Number(value));
    case "count":
      return formatCount(Number(value));
    case "word":
      return String(value);
    case "name":
      return formatName(String(value));
    case "yes-or-no":
      return value === true ? "yes" : "no";
  }
}

function formatExactly(value: Fact["value"], kind: Fact["kind"]): string {
  return kind === "name" ? formatName(String(value)) : String(value);
}
