import { logOf, prepareImport } from "../../relay/import/prepare-import.ts";
import type { Moment } from "../../storage/history/history-store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatName } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeMissing } from "./documents.ts";
import { describeUnknownMoment, momentIn, momentMissing } from "./moment.ts";
import type { ReachedDocuments } from "./reach/reached-documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"outcome" | "name">[] = [
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Copies the content of one document, or of a moment of its history, into a new one. */
export async function forkDocument(input: CommandInput): Promise<number> {
  const [from = "", to = ""] = input.operands;
  const at = input.texts.get("at");
  const moment = momentIn(at);
  if (at !== undefined && moment === undefined) {
    input.stderr.write(momentMissing);
    return exitCodes.usage;
  }
  return withDocuments(input, async (documents, folder) => {
    const fail = (message: string) => {
      folder.complain(message);
      return exitCodes.failed;
    };
    const updates = await updatesOf(from, moment, documents);
    if (updates === "unknown-moment") return fail(describeUnknownMoment(from));
    if (updates === "missing") return fail(await describeMissing(from, documents));
    const prepared = await prepareImport({ name: to, updates }, { ...folder, store: undefined });
    if (prepared.kind === "refused") return fail(`${formatName(to)} is not created: ${prepared.reason}.`);
    if (prepared.addition === undefined)
      return fail(`${formatName(from)} has no content, and a document without content is none.`);
    if (!(await documents.create(to, prepared.addition.update)))
      return fail(`${formatName(to)} exists, also if it is deleted. Choose another name, or purge it.`);
    await new RowWriter(input, columns).write([{ outcome: "created", name: to }]);
    return exitCodes.done;
  });
}

/** All updates of the log, or one update with the document at a moment. */
async function updatesOf(
  name: string,
  moment: Moment | undefined,
  documents: ReachedDocuments,
): Promise<readonly Uint8Array[] | "missing" | "unknown-moment"> {
  if (moment !== undefined) {
    const update = await documents.readAt(name, moment);
    return typeof update === "string" ? update : [update];
  }
  const stored = await documents.load(name);
  if (stored === undefined || stored.deletedAt !== undefined) return "missing";
  return logOf(stored).map(({ update }) => update);
}
