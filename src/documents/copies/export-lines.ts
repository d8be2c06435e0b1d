import { documentLine, endLine, formatLine, updateLine } from "../../storage/document-lines.ts";
import type { DocumentInfo } from "../../storage/store.ts";
import { showDocument } from "../document-schemas.ts";
import type { Documents } from "../documents.ts";

/**
 * The lines of an export of these documents, as `document-lines.ts` describes them. A document that is deleted meanwhile is
 * left out. One document at a time is in memory. Rejects with `StoreError`.
 */
export async function* exportLines(
  documents: Pick<Documents, "load">,
  selected: AsyncIterable<DocumentInfo>,
): AsyncGenerator<string> {
  let count = 0;
  yield formatLine();
  for await (const info of selected) {
    const stored = await documents.load(info.name);
    if (stored === undefined || stored.deletedAt !== undefined) continue;
    count += 1;
    yield documentLine(showDocument(info));
    if (stored.base !== undefined) yield updateLine(stored.base.update);
    for (const { update } of stored.tail) yield updateLine(update);
  }
  yield endLine(count);
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
