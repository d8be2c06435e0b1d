import type { Document } from "../../../../client/document.ts";

export interface ExportedFile {
  readonly name: string;
  readonly content: Blob;
}

/** Reads the export of a document. Rejects with `YurtError`, and with an error if the server has not sent all of it. */
export async function exportFile(
  document: Pick<Document, "export" | "name">,
  options: { readonly history: boolean },
): Promise<ExportedFile> {
  const content = await new Response(await document.export(options)).blob();
  if (!(await isComplete(content))) throw new Error("The server has not sent the whole document. Try again.");
  return { name: fileNameOf(document.name), content };
}

/** The last line of an export has the member `end`. */
async function isComplete(content: Blob): Promise<boolean> {
  const tail = await content.slice(Math.max(0, content.size - 1_000)).text();
  return /\{"end":[^\n]*\}\s*$/.test(tail);
}

const longestName = 100;

/** A file name that all systems accept, with as much of the document's name as possible. */
export function fileNameOf(name: string): string {
  const safe = name.replaceAll(/[^\p{L}\p{M}\p{N}@._-]+/gu, "-").replace(/^[.-]+|[.-]+$/g, "");
  return `${safe.slice(0, longestName) || "document"}.ndjson`;
}
