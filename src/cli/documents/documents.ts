import { nearestName } from "../../config/nearest-name.ts";
import type { DocumentInfo, Store } from "../../storage/store.ts";
import { formatName } from "../output/print.ts";

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

/** The message for a name that no document has. */
export async function describeUnknown(name: string, store: Store): Promise<string> {
  let nearest: string | undefined;
  for await (const page of documentPages(store)) {
    const names = page.map((document) => document.name);
    nearest = nearestName(name, nearest === undefined ? names : [nearest, ...names]);
  }
  const hint = nearest === undefined ? "" : ` Did you mean ${formatName(nearest)}?`;
  return `There is no document ${formatName(name)}.${hint}`;
}
