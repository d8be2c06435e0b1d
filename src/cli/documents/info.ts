import type { ShownDocument } from "../../documents/document-schemas.ts";
import { type LogSummary, summarizeLog } from "../../relay/document/log-summary.ts";
import { StoreError } from "../../storage/store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatName } from "../output/print.ts";
import { type Fact, printFacts } from "../output/records.ts";
import { describeUnknown } from "./documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

/** Shows the facts of one document, and those that its log contains. */
export async function documentInfo(input: CommandInput): Promise<number> {
  const [name = ""] = input.operands;
  return withDocuments(input, async (documents, { complain }) => {
    const info = await documents.info(name);
    if (info === undefined) {
      complain(await describeUnknown(name, documents.pages({ prefix: "", isDeleted: false })));
      return exitCodes.failed;
    }
    try {
      // The log of a deleted document is not read.
      const stored = info.deletedAt === null ? await documents.load(name) : undefined;
      await printFacts(input, [...factsOf(info), ...(stored === undefined ? [] : contentFacts(summarizeLog(stored)))]);
      return exitCodes.done;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
      complain(`${formatName(name)} cannot be read: ${error.message}.`);
      return exitCodes.failed;
    }
  });
}

function factsOf({ bytes, createdAt, deletedAt, name, sequence, updatedAt, updates }: ShownDocument): readonly Fact[] {
  const times: readonly Fact[] = [
    { key: "createdAt", label: "Created", kind: "word", value: createdAt ?? "unknown" },
    { key: "updatedAt", label: "Changed", kind: "word", value: updatedAt ?? "unknown" },
    ...(deletedAt === null ? [] : [{ key: "deletedAt", label: "Removed", kind: "word", value: deletedAt } as const]),
  ];
  return [
    { key: "name", label: "Name", kind: "name", value: name },
    { key: "bytes", label: "Size", kind: "bytes", value: bytes },
    { key: "updates", label: "Updates since compaction", kind: "count", value: updates },
    { key: "sequence", label: "Sequence", kind: "count", value: sequence },
    ...times,
  ];
}

function contentFacts({ clients, deleted, hasGaps, inserted }: LogSummary): readonly Fact[] {
  return [
    { key: "clients", label: "Clients", kind: "count", value: clients },
    { key: "inserted", label: "Inserted", kind: "count", value: inserted },
    { key: "deleted", label: "Deleted", kind: "count", value: deleted },
    { key: "complete", label: "Complete (no gaps)", kind: "yes-or-no", value: !hasGaps },
  ];
}
