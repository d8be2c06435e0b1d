import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeMissing } from "./documents.ts";
import { describeUnknownMoment, momentIn, momentMissing } from "./moment.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"outcome" | "name">[] = [
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Makes a document as it was at a moment of its history, by an edit: what was written since stays in the history. */
export async function restoreDocument(input: CommandInput): Promise<number> {
  const { operands, stderr, stdout, switches, texts } = input;
  const [name = ""] = operands;
  const moment = momentIn(texts.get("at"));
  if (moment === undefined) {
    stderr.write(momentMissing);
    return exitCodes.usage;
  }
  const isDry = switches.has("dry-run");
  return withDocuments(input, async (documents, { complain }) => {
    const outcome = await documents.restore(name, { moment, isDry });
    switch (outcome) {
      case "missing":
        complain(await describeMissing(name, documents));
        return exitCodes.failed;
      case "unknown-moment":
        complain(describeUnknownMoment(name));
        return exitCodes.failed;
      case "restored":
      case "unchanged": {
        const writer = new RowWriter(input, columns);
        await writer.write([{ outcome, name }]);
        if (isDry && writer.isTable) await print(stdout, "\nNothing was written.\n");
        return exitCodes.done;
      }
    }
  });
}
