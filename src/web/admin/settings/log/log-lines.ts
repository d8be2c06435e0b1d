import type { ServerProblem } from "../../../../client/server/facts.ts";

/** A line of the log, or the place of lines that were too many to be sent. */
export type LogEntry =
  | { readonly kind: "line"; readonly id: number; readonly line: ServerProblem }
  | { readonly kind: "omitted"; readonly id: number; readonly count: number };

const mostEntries = 500;

/** The latest 500 entries of the log, the oldest first. */
export class LogLines {
  #entries: readonly LogEntry[] = [];
  #count = 0;

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** The number of entries since the beginning; it tells a reader how many are new. */
  get count(): number {
    return this.#count;
  }

  add(line: ServerProblem): void {
    this.#push({ kind: "line", id: this.#next(), line });
  }

  omit(count: number): void {
    this.#push({ kind: "omitted", id: this.#next(), count });
  }

  clear(): void {
    this.#entries = [];
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  #push(entry: LogEntry): void {
    this.#entries = [...this.#entries.slice(1 - mostEntries), entry];
  }
}

/** The entries with all words of `text` in them, in any case. Omissions stay, because they may be of any lines. */
export function filterEntries(entries: readonly LogEntry[], text: string): readonly LogEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries.filter((entry) => {
    if (entry.kind === "omitted") return true;
    const shown = JSON.stringify(entry.line).toLowerCase();
    return words.every((word) => shown.includes(word));
  });
}

/** The fields of a line as `name=value`. */
export function fieldsText({ fields }: Pick<ServerProblem, "fields">): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

/** The entries as lines of JSON, in the form of the server's log. */
export function linesText(entries: readonly LogEntry[]): string {
  return entries
    .map((entry) => {
      if (entry.kind === "omitted") return `(${entry.count} lines omitted)`;
      const { event, fields, level, remedy, time } = entry.line;
      return JSON.stringify({ level, time, event, ...fields, ...(remedy !== null && { remedy }) });
    })
    .join("\n");
}
