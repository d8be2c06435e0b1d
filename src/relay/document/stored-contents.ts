import { type RowId, type StoredUpdate, StoreError } from "../../storage/store.ts";
import { decodeContents, type UpdateContents } from "../update/update-contents.ts";

/** The contents of a stored row. Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
export function storedContents({ row, update }: StoredUpdate): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "malformed") throw new StoreError("corrupt", describeMalformed(row, contents.detail));
  return contents;
}

export function describeMalformed(row: RowId, detail: string): string {
  return `row ${row} does not hold a Yjs update: ${detail}`;
}
