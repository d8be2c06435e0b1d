import * as v from "valibot";
import { maxPatternLength } from "../../auth/room-pattern.ts";
import { mebibyte } from "../../config/limit.ts";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

/** The data folder, and how documents are kept. */
export const storageOptions = {
  data: option({
    kind: "text",
    schema: schemas.path,
    default: "./yurt-data",
    expected: "the path of a folder; it is created if it does not exist",
    help: "data folder; created if needed",
    group: "Storage",
    placeholder: "folder",
    platformVariable: "STATE_DIRECTORY",
  }),
  "sync.enabled": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "sync and store documents",
    negativeHelp: "signaling only: store no documents",
    group: "Storage",
    placeholder: "true|false",
  }),
  "sync.durability": option<"disk" | "process">({
    kind: "text",
    schema: v.picklist(["disk", "process"]),
    default: "disk",
    expected: "disk (an acknowledged update survives power loss) or process (it survives a crash of the server)",
    help: "when to acknowledge an update: disk (after fsync; survives power loss) or process (after commit; survives a crash)",
    group: "Storage",
    placeholder: "disk|process",
  }),
  "sync.ack-window": option({
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000)),
    default: 20,
    expected: "a whole number of milliseconds from 0 to 1000",
    help: "with disk, acknowledgements wait at most this many ms for one fsync; others see an update at once. 0: no wait",
    group: "Storage",
    placeholder: "ms",
    isReloadable: true,
  }),
  "sync.memory": option({
    kind: "number",
    // The server counts bytes.
    schema: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(16),
      v.maxValue(65_536),
      v.transform((mebibytes) => mebibytes * mebibyte),
    ),
    default: 256,
    expected: "a whole number of MiB from 16 to 65536",
    help: "memory budget for documents, in MiB; idle documents are unloaded",
    group: "Storage",
    placeholder: "MiB",
    isReloadable: true,
  }),
  "sync.no-gc": option<readonly string[]>({
    kind: "texts",
    schema: v.array(v.pipe(v.string(), v.nonEmpty(), v.maxLength(maxPatternLength))),
    default: [],
    example: ["notes/**", "drawings/*"],
    expected: "document names and patterns separated by commas, such as notes/**,drawings/*; ** matches all documents",
    help: "documents that keep their deleted content, by name or pattern with * and **: for applications with gc: false",
    group: "Storage",
    placeholder: "names",
  }),
};
