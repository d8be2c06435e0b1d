import { nearestName } from "../../config/nearest-name.ts";
import type { DocumentInfo, Store } from "../../storage/store.ts";
import { formatName } from "../output/print.ts";
import type { ReachedDocuments } from "./reach/reached-documents.ts";

const pageSize = 1_000;

/** All documents in the order of their names, a page at a time; none of the pages is empty. */
export async function* documentPages(store: Store): AsyncGenerator<readonly DocumentInfo[]> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ limit: pageSize, ...(after !== undefined && { after }) });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.name;
  }
}

/** The message for a name that no document has. `pages` are all documents. */
export async function describeUnknown(
  name: string,
  pages: AsyncIterable<readonly { readonly name: string }[]>,
): Promise<string> {
  let nearest: string | undefined;
  for await (const page of pages) {
    const names = page.map((document) => document.name);
    nearest = nearestName(name, nearest === undefined ? names : [nearest, ...names]);
  }
  const hint = nearest === undefined ? "" : ` Did you mean ${formatName(nearest)}?`;
  return `There is no document ${formatName(name)}.${hint}`;
}

/** As `describeUnknown`, and says so if the document is deleted. */
export async function describeMissing(name: string, documents: ReachedDocuments): Promise<string> {
  if ((await documents.info(name)) !== undefined)
    return `${formatName(name)} is deleted. Take it back with yurt documents undelete.`;
  return describeUnknown(name, documents.pages({ prefix: "", isDeleted: false }));
}
