import * as v from "valibot";
import { option } from "../../config/option.ts";
import { logLevels } from "../../ops/log-levels.ts";

/** Settings of the log. */
export const logOptions = {
  "log.level": option<(typeof logLevels)[number]>({
    kind: "text",
    schema: v.picklist(logLevels),
    default: "info",
    expected: `one of ${logLevels.join(", ")}`,
    help: `minimum log level: ${logLevels.join(", ")}`,
    group: "Log",
    placeholder: "level",
    isReloadable: true,
  }),
};
