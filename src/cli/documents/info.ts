import { type LogSummary, summarizeLog } from "../../relay/document/log-summary.ts";
import { type StoredDocument, StoreError } from "../../storage/store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { withStore } from "../offline.ts";
import { formatName } from "../output/print.ts";
import { type Fact, printFacts } from "../output/records.ts";
import { describeUnknown } from "./documents.ts";

/** Shows the facts that the log of one document contains. */
export async function documentInfo(input: CommandInput): Promise<number> {
  const [name = ""] = input.operands;
  return withStore(input, async (store, { complain }) => {
    try {
      const stored = await store.load(name);
      if (stored !== undefined) {
        await printFacts(input, factsOf(name, stored, summarizeLog(stored)));
        return exitCodes.done;
      }
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
      complain(`${formatName(name)} cannot be read: ${error.message}.`);
      return exitCodes.failed;
    }
    complain(await describeUnknown(name, store));
    return exitCodes.failed;
  });
}

function factsOf(name: string, { base, tail }: StoredDocument, summary: LogSummary): readonly Fact[] {
  const { baseBytes, tailBytes, clients, inserted, deleted, hasGaps } = summary;
  const rows = tail.length + (base === undefined ? 0 : 1);
  return [
    { key: "name", label: "Name", kind: "name", value: name },
    { key: "bytes", label: "Size", kind: "bytes", value: baseBytes + tailBytes },
    { key: "rows", label: "Rows", kind: "count", value: rows },
    { key: "compactedBytes", label: "Compacted size", kind: "bytes", value: baseBytes },
    { key: "updates", label: "Updates since compaction", kind: "count", value: tail.length },
    { key: "updateBytes", label: "Size of those updates", kind: "bytes", value: tailBytes },
    { key: "clients", label: "Clients", kind: "count", value: clients },
    { key: "inserted", label: "Inserted", kind: "count", value: inserted },
    { key: "deleted", label: "Deleted", kind: "count", value: deleted },
    { key: "complete", label: "Complete (no gaps)", kind: "yes-or-no", value: !hasGaps },
  ];
}
