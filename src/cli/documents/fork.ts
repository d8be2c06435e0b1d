import { type PreparedImport, prepareImport } from "../../relay/import/prepare-import.ts";
import type { StoredDocument } from "../../storage/store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import type { Offline } from "../offline.ts";
import { formatName } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeMissing } from "./documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"outcome" | "name">[] = [
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Copies the content of one document into a new one. */
export async function forkDocument(input: CommandInput): Promise<number> {
  const [from = "", to = ""] = input.operands;
  return withDocuments(input, async (documents, folder) => {
    const fail = (message: string) => {
      folder.complain(message);
      return exitCodes.failed;
    };
    const stored = await documents.load(from);
    if (stored === undefined || stored.deletedAt !== undefined) return fail(await describeMissing(from, documents));
    const prepared = await prepareCopy(to, stored, folder);
    if (prepared.kind === "refused") return fail(`${formatName(to)} is not created: ${prepared.reason}.`);
    if (prepared.addition === undefined)
      return fail(`${formatName(from)} has no content, and a document without content is none.`);
    if (!(await documents.create(to, prepared.addition.update)))
      return fail(`${formatName(to)} exists, also if it is deleted. Choose another name, or purge it.`);
    await new RowWriter(input, columns).write([{ outcome: "created", name: to }]);
    return exitCodes.done;
  });
}

/** One update with everything that the log has, verified as an import is. */
function prepareCopy(name: string, { base, tail }: StoredDocument, folder: Offline): Promise<PreparedImport> {
  const updates = (base === undefined ? tail : [base, ...tail]).map(({ update }) => update);
  return prepareImport({ name, updates }, { ...folder, store: undefined });
}
