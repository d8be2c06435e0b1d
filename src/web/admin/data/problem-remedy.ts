import type { ServerProblem } from "../../../client/server/facts.ts";

/** The events of the log that say why TURN does not listen. */
export const turnEvents = ["turn-not-listening", "turn-port-in-use"] as const;

/** The remedy of the latest problem with one of the events; undefined if there is none. */
export function remedyOf(problems: readonly ServerProblem[], events: readonly string[]): string | undefined {
  return problems.find(({ event, remedy }) => remedy !== null && events.includes(event))?.remedy ?? undefined;
}
