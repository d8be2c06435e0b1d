import type { ShownDocument } from "../../documents/document-schemas.ts";
import {
  documentLine,
  documentWithHistoryLine,
  endLine,
  formatLine,
  updateLine,
} from "../../storage/document-lines.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatThings, print } from "../output/print.ts";
import { describeUnknown } from "./documents.ts";
import { type ExportTarget, openTarget } from "./export-target.ts";
import type { ReachedDocuments } from "./reach/reached-documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

/**
 * Writes the named documents, all if none is named, as lines of JSON that `import` reads. A document that does not exist
 * fails the command before anything is written.
 */
export async function exportDocuments(input: CommandInput): Promise<number> {
  return withDocuments(input, async (documents, { complain }) => {
    const missing = await firstMissing(input.operands, documents);
    if (missing !== undefined) {
      complain(await describeUnknown(missing, documents.pages({ prefix: "", isDeleted: false })));
      return exitCodes.failed;
    }
    const path = input.texts.get("output");
    const target = openTarget(path, input.stdout);
    let count = 0;
    try {
      await target.write(formatLine());
      const exporting = { documents, target, hasHistory: input.switches.has("history") };
      for await (const facts of selected(input, documents)) count += await exportDocument(facts, exporting);
      await target.write(endLine(count));
      await target.finish();
    } catch (error) {
      target.discard();
      throw error;
    }
    if (path !== undefined) await print(input.stdout, `${path}: ${formatThings(count, "document")}\n`);
    return exitCodes.done;
  });
}

interface Exporting {
  readonly documents: ReachedDocuments;
  readonly target: ExportTarget;
  readonly hasHistory: boolean;
}

/** Resolves with the number of documents that were written: one that was deleted meanwhile is left out. */
async function exportDocument(facts: ShownDocument, { documents, hasHistory, target }: Exporting): Promise<number> {
  const stored = await documents.load(facts.name);
  if (stored === undefined || stored.deletedAt !== undefined) return 0;
  await target.write(hasHistory ? documentWithHistoryLine(facts) : documentLine(facts));
  for (const { update } of stored.base === undefined ? stored.tail : [stored.base, ...stored.tail])
    await target.write(updateLine(update));
  if (hasHistory) for await (const line of documents.historyLines(facts)) await target.write(line);
  return 1;
}

async function* selected(
  { operands, texts }: CommandInput,
  documents: ReachedDocuments,
): AsyncGenerator<ShownDocument> {
  for (const name of new Set(operands)) {
    const facts = await documents.info(name);
    if (facts !== undefined) yield facts;
  }
  if (operands.length > 0) return;
  for await (const page of documents.pages({ prefix: texts.get("prefix") ?? "", isDeleted: false })) yield* page;
}

async function firstMissing(names: readonly string[], documents: ReachedDocuments): Promise<string | undefined> {
  for (const name of names) {
    const facts = await documents.info(name);
    if (facts === undefined || facts.deletedAt !== null) return name;
  }
  return undefined;
}
