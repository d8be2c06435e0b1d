import { parseDuration } from "../../config/duration.ts";
import { systemClock } from "../../lib/time/clock.ts";
import type { Moment } from "../../storage/history/history-store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { formatName, print } from "../output/print.ts";
import { type ListColumn, RowWriter } from "../output/records.ts";
import { describeMissing } from "./documents.ts";
import { withDocuments } from "./reach/with-documents.ts";

const columns: readonly ListColumn<"outcome" | "name">[] = [
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Makes a document as it was at a moment of its history, by an edit: what was written since stays in the history. */
export async function restoreDocument(input: CommandInput): Promise<number> {
  const { operands, stderr, stdout, switches, texts } = input;
  const [name = ""] = operands;
  const moment = momentOf(texts.get("at"));
  if (moment === undefined) {
    stderr.write(
      "yurt: Give the moment with --at: a time (2026-11-30T14:00:00Z), how long ago (2h), a sequence (1711),\nor the id of a version (v1711).\n",
    );
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
        complain(`The history of ${formatName(name)} does not have this moment. See history.keep.`);
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

function momentOf(text: string | undefined): Moment | undefined {
  if (text === undefined) return undefined;
  // The id of a version has its sequence: v1711, v1711.2.
  const [, sequence] = /^v?(\d{1,15})(?:\.\d+)?$/.exec(text) ?? [];
  if (sequence !== undefined) return { sequence: Number(sequence) };
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { at: systemClock.now() - agoMs };
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : { at };
}
