import * as v from "valibot";
import { askedKinds } from "./content/root-type.ts";

const path = v.pipe(v.string(), v.description("A JSON Pointer that begins with a root: /tasks/0/done"));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const common = {
  path,
  as: v.optional(v.pipe(v.picklist(askedKinds), v.description("The type of a root that has no content yet"))),
  nesting: v.optional(
    v.pipe(
      v.picklist(["shared", "plain"]),
      v.description(
        "How new objects and arrays are stored; by default as those beside them, otherwise as shared types",
      ),
    ),
  ),
};

const operation = v.variant("op", [
  v.object({ op: v.picklist(["add", "replace", "test"]), ...common, value: v.any() }),
  v.object({ op: v.literal("remove"), ...common }),
  v.object({ op: v.picklist(["move", "copy"]), ...common, from: path }),
  v.object({
    op: v.literal("text"),
    ...common,
    at: v.optional(v.pipe(count, v.description("A position, in UTF-16 code units"))),
    find: v.optional(v.pipe(v.string(), v.description("Instead of at: a text that occurs once, to be replaced"))),
    del: v.optional(v.pipe(count, v.description("The length to delete; with find, that of the text found"))),
    ins: v.optional(v.pipe(v.string(), v.description("The text to insert"))),
    attrs: v.optional(
      v.pipe(v.record(v.string(), v.any()), v.description("The formatting of ins, or of len units from there")),
    ),
    len: v.optional(v.pipe(count, v.description("The length to format"))),
  }),
]);

/** The body of a patch, for the description of the API. The worker reads it with `parsePatch`. */
export const patchSchema = v.pipe(
  v.array(operation),
  v.title("Patch"),
  v.description("A JSON Patch (RFC 6902), with the operation text"),
);
