import { closeSync } from "node:fs";
import { errorCode } from "../../lib/error-code.ts";
import { type DocumentLine, documentLinesVersion, readDocumentLine } from "../document-lines.ts";
import type { HistoryPart } from "../history/history-store.ts";
import { type DocumentSource, type OversizedUpdate, type SourceDocument, SourceError } from "../source.ts";
import { openRegularFile } from "./regular-file.ts";
import { textLines } from "./text-lines.ts";

export interface NdjsonOptions {
  /** The size of the largest update that is read. */
  readonly updateBytes: number;
}

/** The path that stands for standard input. */
const standardInput = "-";
/** The members of a line around an update in base64. */
const lineOverhead = 1_024;

/** Opens a file that `yurt documents export` has written; `-` is standard input. Throws `SourceError`. */
export function openNdjson(path: string, { updateBytes }: NdjsonOptions): DocumentSource {
  const name = path === standardInput ? "Standard input" : path;
  const descriptor = path === standardInput ? 0 : opened(path);
  const lines = textLines(descriptor, Math.ceil((updateBytes * 4) / 3) + lineOverhead);
  const entries = new Entries(name, lines);
  try {
    entries.readFormat();
  } catch (error) {
    if (path !== standardInput) closeSync(descriptor);
    throw error;
  }
  return {
    remarks: [],
    *documents() {
      try {
        yield* entries.documents();
      } finally {
        if (path !== standardInput) closeSync(descriptor);
      }
    },
  };
}

function opened(path: string): number {
  try {
    return openRegularFile(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new SourceError(`There is no file ${path}.`, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${path} cannot be read: ${reason}.`, { cause: error });
  }
}

type Entry = DocumentLine | { readonly kind: "oversized"; readonly bytes: number };

/** The lines of an export, in their order. */
class Entries {
  readonly #name: string;
  readonly #lines: Iterator<string | { readonly bytes: number }>;
  #number = 0;
  /** The entry that was read ahead. */
  #next: Entry | undefined;

  constructor(name: string, lines: Iterator<string | { readonly bytes: number }>) {
    this.#name = name;
    this.#lines = lines;
  }

  readFormat(): void {
    const first = this.#take();
    if (first?.kind !== "format") throw this.#error("is not an export of yurt documents export");
    if (first.version !== documentLinesVersion)
      throw this.#error(`has version ${first.version} of the format, which a newer release of Yurt reads`);
  }

  *documents(): Generator<SourceDocument> {
    let documents = 0;
    for (let entry = this.#take(); ; entry = this.#take()) {
      if (entry === undefined) throw this.#error("ends before its last line: the export was cut short");
      if (entry.kind === "end") {
        if (entry.documents !== documents)
          throw this.#error(`has ${documents} documents, and says that it has ${entry.documents}`);
        return;
      }
      // Updates that the reader of the document has left.
      if (entry.kind !== "document") continue;
      documents += 1;
      const { historyUntil: until, name } = entry;
      const history = until === undefined ? undefined : { until, parts: this.#history() };
      yield { name, updates: this.#updates(), history };
    }
  }

  *#updates(): Generator<Uint8Array | OversizedUpdate> {
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      if (entry.kind === "update") yield entry.update;
      else if (entry.kind === "oversized") yield { bytes: Math.floor((entry.bytes * 3) / 4) };
      else if (entry.kind !== "other") {
        this.#next = entry;
        return;
      }
    }
  }

  *#history(): Generator<HistoryPart> {
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      if (entry.kind === "history") yield entry.part;
      // Without a segment, those that follow would show something else.
      else if (entry.kind === "oversized") throw this.#error(`has a history that is too large: line ${this.#number}`);
      else if (entry.kind !== "other") {
        this.#next = entry;
        return;
      }
    }
  }

  /** Undefined at the end of the file. */
  #take(): Entry | undefined {
    if (this.#next !== undefined) {
      const entry = this.#next;
      this.#next = undefined;
      return entry;
    }
    const { done, value } = this.#lines.next();
    if (done === true) return undefined;
    this.#number += 1;
    if (typeof value !== "string") return { kind: "oversized", bytes: value.bytes };
    const entry = readDocumentLine(value);
    if (entry !== undefined) return entry;
    if (this.#number === 1) return { kind: "other" };
    throw this.#error(`has a line that is not of an export: line ${this.#number}`);
  }

  #error(problem: string): SourceError {
    return new SourceError(`${this.#name} ${problem}.`);
  }
}
