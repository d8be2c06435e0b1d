import type { ServerFacts } from "../../../../client/server/administration.ts";
import { formatAgo, formatCount } from "../../parts/formats.ts";
import { groupProblems, isError, wordsOfEvent } from "../problems/problem-groups.ts";
import { type Check, found, passed } from "./check.ts";
import { thresholds } from "./thresholds.ts";

export interface ErrorFacts extends Pick<ServerFacts, "problems"> {
  /** The events that another finding explains. */
  readonly explained: ReadonlySet<string>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The errors of the last hour, by event. Warnings are in the list of problems only. */
export function errorCheck({ explained, now, problems }: ErrorFacts): Check {
  const recent = problems.filter((each) => isError(each) && now - Date.parse(each.time) < thresholds.errorMs);
  const label = "Errors, last hour";
  if (recent.length === 0) return passed(label, "None");
  const unexplained = recent.filter(({ event }) => !explained.has(event));
  return found(
    label,
    formatCount(recent.length),
    groupProblems(unexplained).map(({ event, problems: [latest, ...others] }) => ({
      id: `error: ${event}`,
      tone: "away",
      title: `${wordsOfEvent(event)} ${others.length === 0 ? "" : `${others.length + 1} times, `}${formatAgo(latest.time, now)}`,
      remedy: latest.remedy ?? "No remedy is known. The log lines have the details.",
      link: { label: "Show the log lines", view: "overview", query: { event } },
    })),
  );
}
