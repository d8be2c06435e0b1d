import * as v from "valibot";
import { matchesRoom, maxPatternLength } from "../../../auth/room-pattern.ts";
import { parseDuration } from "../../../config/duration.ts";
import { option, parsed } from "../../../config/option.ts";

/** How long the documents whose names match a pattern keep their history. */
export interface KeepFor {
  readonly pattern: string;
  /** 0: they have none. */
  readonly keepMs: number;
}

const longestMs = 100 * 365 * 86_400_000;

/** The history of documents. */
export const historyOptions = {
  "history.keep": option<number>({
    kind: "text",
    schema: parsed(v.string(), parseKeep),
    default: "90d",
    expected: "a time such as 90d or 12h, up to 36500d; 0 keeps no history",
    help: "how long the history of documents is kept, deleted content included; 0: no history",
    group: "History",
    isReloadable: true,
    placeholder: "time",
  }),
  "history.keep-for": option<readonly KeepFor[]>({
    kind: "texts",
    schema: v.array(parsed(v.string(), parseKeepFor)),
    default: [],
    example: ["notes/**=365d", "drafts/**=0"],
    expected:
      "patterns of document names with a time each, such as notes/**=365d,drafts/**=0; the first that matches counts",
    help: "another time for documents by name or pattern with * and **, as in notes/**=365d; 0: no history",
    group: "History",
    isReloadable: true,
    placeholder: "names=time",
  }),
};

/** The one place that decides from a document's name how long its history is kept, in milliseconds; 0 for none. */
export function historyKeepOf(values: {
  readonly "history.keep": number;
  readonly "history.keep-for": readonly KeepFor[];
}): (document: string) => number {
  return (document) =>
    values["history.keep-for"].find(({ pattern }) => matchesRoom(pattern, document))?.keepMs ?? values["history.keep"];
}

/** Milliseconds. */
function parseKeep(text: string): number | undefined {
  if (/^0d?$/.test(text)) return 0;
  const milliseconds = parseDuration(text);
  return milliseconds !== undefined && milliseconds <= longestMs ? milliseconds : undefined;
}

function parseKeepFor(text: string): KeepFor | undefined {
  const end = text.lastIndexOf("=");
  const pattern = text.slice(0, end);
  const keepMs = parseKeep(text.slice(end + 1));
  if (end < 1 || keepMs === undefined || pattern.length > maxPatternLength) return undefined;
  return { pattern, keepMs };
}
