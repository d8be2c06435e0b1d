import { DocumentDeleted } from "../../relay/document/document-deleted.ts";
import {
  documentLine,
  documentWithHistoryLine,
  endLine,
  formatLine,
  historyLine,
  updateLine,
} from "../../storage/document-lines.ts";
import { sequenceOf } from "../../storage/history/history-parts.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { DocumentInfo, StoredDocument } from "../../storage/store.ts";
import { showDocument } from "../document-schemas.ts";
import type { Documents } from "../documents.ts";

export interface ExportOptions {
  readonly documents: Pick<Documents, "compact" | "info" | "load">;
  /** The histories, if they are exported as well. */
  readonly history: Pick<HistoryStore, "parts"> | undefined;
}

/**
 * The lines of an export of these documents, as `document-lines.ts` describes them. A document that is deleted meanwhile is
 * left out. One document at a time is in memory. Rejects with `StoreError`.
 */
export async function* exportLines(
  selected: AsyncIterable<DocumentInfo>,
  { documents, history }: ExportOptions,
): AsyncGenerator<string> {
  let count = 0;
  yield formatLine();
  for await (const listed of selected) {
    const info = history === undefined ? listed : await recorded(listed, documents);
    const stored = info && (await documents.load(info.name));
    if (info === undefined || stored === undefined || stored.deletedAt !== undefined) continue;
    count += 1;
    yield* linesOf(info, stored, history);
  }
  yield endLine(count);
}

async function* linesOf(
  info: DocumentInfo,
  { base, tail }: StoredDocument,
  history: ExportOptions["history"],
): AsyncGenerator<string> {
  const facts = showDocument(info);
  yield history === undefined ? documentLine(facts) : documentWithHistoryLine(facts);
  if (base !== undefined) yield updateLine(base.update);
  for (const { update } of tail) yield updateLine(update);
  if (history !== undefined) yield* historyLines(info, history);
}

/** The lines of the history of a document up to its sequence. */
export async function* historyLines(
  { name, sequence }: Pick<DocumentInfo, "name" | "sequence">,
  history: Pick<HistoryStore, "parts">,
): AsyncGenerator<string> {
  for await (const part of history.parts(name)) {
    if (sequenceOf(part) <= sequence) yield historyLine(part);
  }
}

/** The facts of a document after its updates have been added to its history. */
async function recorded(
  { name, tailRows, ...info }: DocumentInfo,
  documents: ExportOptions["documents"],
): Promise<DocumentInfo | undefined> {
  if (tailRows === 0) return { name, tailRows, ...info };
  try {
    await documents.compact(name);
    return await documents.info(name);
  } catch (error) {
    if (error instanceof DocumentDeleted) return undefined;
    throw error;
  }
}

const pageSize = 100;

/** The documents whose names begin with `prefix`, in the order of their names. Rejects with `StoreError`. */
export async function* documentsWith(documents: Pick<Documents, "list">, prefix: string): AsyncGenerator<DocumentInfo> {
  let after: string | undefined;
  for (;;) {
    const page = await documents.list({ prefix, after, limit: pageSize });
    yield* page;
    if (page.length < pageSize) return;
    after = page.at(-1)?.name;
  }
}
