import type { ServerProblem } from "../../../../client/server/facts.ts";

/** The problems with the same event. */
export interface ProblemGroup {
  readonly event: string;
  /** At least one, the latest first. */
  readonly problems: readonly [ServerProblem, ...ServerProblem[]];
}

/** Groups problems, of which the latest is the first, by their event. The group with the latest one comes first. */
export function groupProblems(problems: readonly ServerProblem[]): readonly ProblemGroup[] {
  const groups = new Map<string, [ServerProblem, ...ServerProblem[]]>();
  for (const problem of problems) {
    const group = groups.get(problem.event);
    if (group === undefined) groups.set(problem.event, [problem]);
    else group.push(problem);
  }
  return [...groups].map(([event, members]) => ({ event, problems: members }));
}

const abbreviations: Readonly<Record<string, string>> = { acme: "ACME", api: "API", tls: "TLS", turn: "TURN" };

/** The name of an event in words: `turn-message-failed` is `TURN message failed`. */
export function wordsOfEvent(event: string): string {
  const words = event
    .split("-")
    .map((word) => abbreviations[word] ?? word)
    .join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function isError({ level }: Pick<ServerProblem, "level">): boolean {
  return level === "error" || level === "fatal";
}
