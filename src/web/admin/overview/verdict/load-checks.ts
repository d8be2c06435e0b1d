import type { ServerFacts } from "../../../../client/server/administration.ts";
import { formatBytes, formatNumber } from "../../parts/formats.ts";
import { type Check, found, passed, unused } from "./check.ts";
import { thresholds } from "./thresholds.ts";

/** Measurements over time. A value is null if nothing was measured. */
export interface Measured {
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** The cache of documents is full in a server without problems. */
const cache = "documents";

export function memoryCheck({ memory }: Pick<ServerFacts, "memory">): Check {
  const full = memory.budgets.filter(
    ({ limitBytes, name, usedBytes }) => name !== cache && usedBytes >= thresholds.usedPart * limitBytes,
  );
  return found(
    "Memory",
    formatBytes(memory.residentBytes),
    full.map(({ limitBytes, name, usedBytes }) => ({
      id: `budget: ${name}`,
      tone: "busy",
      title: `The memory for ${name.replaceAll("-", " ")} is nearly used up: ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}`,
      remedy: "Slow or flooding clients will be disconnected. Raise the limit, or find the clients that use it up.",
      link: { label: "Limit settings", view: "settings", query: { q: "limits." } },
    })),
  );
}

export function eventLoopCheck(lag: Measured): Check {
  const label = "Event loop";
  const latest = latestOf(lag);
  if (latest === undefined) return unused(label, "Idle");
  const value = `${formatNumber(latest)} ms lag`;
  if (!isBeyond(lag, thresholds.eventLoopLagP99Ms)) return passed(label, value);
  return found(label, value, [
    {
      id: "event-loop",
      tone: "busy",
      title: `The event loop has been busy for more than ${thresholds.eventLoopLagP99Ms} ms at a time`,
      remedy:
        "Clients wait while it is busy. Look for a flood of messages in one room. If there is none, the processor is too slow.",
      link: { label: "Show the rooms", view: "rooms" },
    },
  ]);
}

export function acknowledgementCheck(acknowledgements: Measured): Check {
  const label = "Acknowledged";
  const latest = latestOf(acknowledgements);
  if (latest === undefined) return unused(label, "No updates");
  const value = `within ${formatNumber(latest)} ms`;
  if (!isBeyond(acknowledgements, thresholds.acknowledgementP99Ms)) return passed(label, value);
  return found(label, value, [
    {
      id: "acknowledgement",
      tone: "busy",
      title: `One update in a hundred takes more than ${thresholds.acknowledgementP99Ms} ms to reach the disk`,
      remedy: "Usually the disk is slow: move the data folder to a faster one, or find what else writes to it.",
    },
  ]);
}

/** Whether half of the measurements of the last minutes are beyond a threshold. */
export function isBeyond({ times, values }: Measured, threshold: number): boolean {
  const since = (times.at(-1) ?? 0) - thresholds.slowMs;
  const measured = times.flatMap((time, index) => {
    const value = values[index] ?? null;
    return value === null || time < since ? [] : [{ time, value }];
  });
  const [first] = measured;
  const last = measured.at(-1);
  if (first === undefined || last === undefined || last.time - first.time < thresholds.leastMeasuredMs) return false;
  return 2 * measured.filter(({ value }) => value > threshold).length >= measured.length;
}

/** The measurement at the last time; undefined for none. */
function latestOf({ values }: Measured): number | undefined {
  return values.at(-1) ?? undefined;
}
