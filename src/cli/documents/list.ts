import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { withStore } from "../offline.ts";
import { formatBytes, formatThings, print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { documentPages } from "./documents.ts";

const columns: readonly ListColumn<"bytes" | "updates" | "name">[] = [
  { key: "bytes", title: "SIZE", kind: "bytes" },
  { key: "updates", title: "UPDATES", kind: "count" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Lists every document: its bytes, its updates since the last compaction, its name. */
export async function listDocuments(input: CommandInput): Promise<number> {
  return withStore(input, async (store) => {
    const writer = new RowWriter(input, columns);
    const total = { documents: 0, bytes: 0 };
    for await (const page of documentPages(store)) {
      await writer.write(page.map(({ name, bytes, tailRows }) => ({ bytes, updates: tailRows, name })));
      total.documents += page.length;
      total.bytes += page.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    if (writer.isTable) await print(input.stdout, describeTotal(total));
    return exitCodes.done;
  });
}

function describeTotal({ documents, bytes }: { readonly documents: number; readonly bytes: number }): string {
  if (documents === 0) return "No documents.\n";
  return documents === 1 ? "" : `\n${formatThings(documents, "document")}, ${formatBytes(bytes)}\n`;
}
