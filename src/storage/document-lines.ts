import { maxCopiedSequence, readHistoryPart, showHistoryPart } from "./history/history-parts.ts";
import type { HistoryPart, Sequence } from "./history/history-store.ts";

/**
 * The format of exported documents: JSON objects, one a line, in UTF-8.
 *
 *     {"format":"yurt-documents","version":1}
 *     {"document":{"name":"notes/7", …}}       the facts of a document, as the API shows them
 *     {"update":"AQGQ…"}                       a Yjs update of it (V1) in base64; any number, in any order
 *     {"history":{"segment":{…}}}              a part of its history (`history-parts.ts`): segments, snapshots, versions. They
 *                                              follow the updates, if the document's facts have "history": true
 *     {"end":{"documents":1}}                  the last line: without it the export is not complete
 *
 * Readers ignore lines with other members, so that later releases can add some.
 */
export type DocumentLine =
  | { readonly kind: "format"; readonly version: number }
  | {
      readonly kind: "document";
      readonly name: string;
      /** Its last update in the store that it comes from; undefined if its history does not follow. */
      readonly historyUntil?: Sequence | undefined;
    }
  | { readonly kind: "history"; readonly part: HistoryPart }
  | { readonly kind: "update"; readonly update: Uint8Array }
  | { readonly kind: "end"; readonly documents: number }
  | { readonly kind: "other" };

/** The media type of an export. */
export const documentLinesType = "application/x-ndjson";

export const documentLinesVersion = 1;
const formatName = "yurt-documents";

/** The first line of an export. */
export function formatLine(): string {
  return line({ format: formatName, version: documentLinesVersion });
}

/** The line with which a document begins. */
export function documentLine(facts: { readonly name: string }): string {
  return line({ document: facts });
}

/** As `documentLine`, for a document whose history follows, up to its sequence. */
export function documentWithHistoryLine(facts: { readonly name: string; readonly sequence: Sequence }): string {
  return line({ document: { ...facts, history: true } });
}

/** The line of a part of the history of the document that was begun last. */
export function historyLine(part: HistoryPart): string {
  return line({ history: showHistoryPart(part) });
}

/** The line of one update of the document that was begun last. */
export function updateLine(update: Uint8Array): string {
  return line({ update: update.toBase64() });
}

/** The last line of an export, with the number of its documents. */
export function endLine(documents: number): string {
  return line({ end: { documents } });
}

/** Reads one line; undefined for one that is no JSON object, or whose members have other types. */
export function readDocumentLine(text: string): DocumentLine | undefined {
  const value = objectIn(text);
  if (value === undefined) return undefined;
  const { document, end, format, history, update, version } = value;
  if (format !== undefined)
    return format === formatName && typeof version === "number" ? { kind: "format", version } : undefined;
  if (document !== undefined) return nameLine(Object(document));
  if (history !== undefined) {
    const part = readHistoryPart(history);
    return part && { kind: "history", part };
  }
  if (update !== undefined) return bytesLine(update);
  if (end === undefined) return { kind: "other" };
  const { documents } = Object(end);
  return typeof documents === "number" ? { kind: "end", documents } : undefined;
}

function nameLine({ history, name, sequence }: Readonly<Record<string, unknown>>): DocumentLine | undefined {
  if (typeof name !== "string") return undefined;
  const hasHistory = history === true && typeof sequence === "number" && Number.isSafeInteger(sequence);
  const isTaken = hasHistory && sequence >= 0 && sequence <= maxCopiedSequence;
  return isTaken ? { kind: "document", name, historyUntil: sequence } : { kind: "document", name };
}

function bytesLine(encoded: unknown): DocumentLine | undefined {
  try {
    return typeof encoded === "string" ? { kind: "update", update: Uint8Array.fromBase64(encoded) } : undefined;
  } catch {
    return undefined;
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

type Member = "document" | "end" | "format" | "history" | "update" | "version";

function objectIn(text: string): Readonly<Partial<Record<Member, unknown>>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
