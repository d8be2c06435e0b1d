import * as v from "valibot";
import { parseDuration } from "../../config/duration.ts";
import { option, parsed } from "../../config/option.ts";

const maxDrainMs = 3_600_000;

/** How the server stops. */
export const lifecycleOptions = {
  drain: option<number>({
    kind: "text",
    schema: parsed(v.string(), parseDrain),
    default: "10s",
    expected: "a time such as 10s or 2m, up to 1h; 0s closes all connections at once",
    help: "time in which a stopping server closes its connections in waves, so that clients do not all reconnect at once",
    group: "Network",
    placeholder: "time",
    isReloadable: true,
  }),
};

/** Milliseconds. */
function parseDrain(text: string): number | undefined {
  if (/^0s?$/.test(text)) return 0;
  const milliseconds = parseDuration(text);
  return milliseconds !== undefined && milliseconds <= maxDrainMs ? milliseconds : undefined;
}
