import * as v from "valibot";
import { durationForms } from "../../config/duration.ts";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

/** Documents over HTTP. */
export const documentOptions = {
  "documents.keep-deleted": option<"off" | number>({
    kind: "text",
    schema: v.union([v.literal("off"), schemas.durationMs]),
    default: "30d",
    expected: `a time such as ${durationForms}; or off`,
    help: "how long a deleted document can be restored, before it is purged; off for ever",
    group: "Storage",
    isReloadable: true,
    placeholder: "time|off",
  }),
  "documents.require-match": option({
    kind: "boolean",
    schema: v.boolean(),
    default: false,
    expected: "true or false",
    help: "refuse edits of JSON over HTTP that have no If-Match",
    negativeHelp: "merge edits of JSON over HTTP that have no If-Match",
    group: "Storage",
    isReloadable: true,
    isRare: true,
    placeholder: "true|false",
  }),
};
