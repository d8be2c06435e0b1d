import type { Document } from "../../../../client/document.ts";
import { YurtError } from "../../../../client/errors.ts";

/**
 * Yields when the document may have changed: at the beginning, with every update, and after a lost connection. Ends when
 * `signal` aborts. Throws `YurtError` when the document cannot be followed, such as document-deleted.
 */
export async function* changesOf(
  document: Pick<Document, "follow">,
  signal: AbortSignal,
): AsyncGenerator<"changed", void> {
  while (!signal.aborted) {
    try {
      for await (const _ of document.follow({ signal })) yield "changed";
    } catch (error) {
      // The updates that are missing were merged: the reader reads the document anew, and follows it from there.
      if (!(error instanceof YurtError && error.code === "events-lost")) throw error;
    }
  }
}
