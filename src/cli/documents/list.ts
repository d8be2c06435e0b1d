import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatBytes, formatThings, print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"bytes" | "updates" | "name">[] = [
  { key: "bytes", title: "SIZE", kind: "bytes" },
  { key: "updates", title: "UPDATES", kind: "count" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Lists documents: their bytes, their updates since the last compaction, their names; with `--json` all facts. */
export async function listDocuments(input: CommandInput): Promise<number> {
  const isDeleted = input.switches.has("deleted");
  const prefix = input.texts.get("prefix") ?? "";
  return withDocuments(input, async (documents) => {
    const writer = new RowWriter(input, columns);
    const total = { documents: 0, bytes: 0 };
    for await (const page of documents.pages({ isDeleted, prefix })) {
      await writer.write(page);
      total.documents += page.length;
      total.bytes += page.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    const kind = isDeleted ? "deleted document" : "document";
    if (writer.isTable) await print(input.stdout, describeTotal(total, kind));
    return exitCodes.done;
  });
}

function describeTotal(
  { documents, bytes }: { readonly documents: number; readonly bytes: number },
  kind: string,
): string {
  if (documents === 0) return `No ${kind}s.\n`;
  return documents === 1 ? "" : `\n${formatThings(documents, kind)}, ${formatBytes(bytes)}\n`;
}
