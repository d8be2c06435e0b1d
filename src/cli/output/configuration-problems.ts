import { describeProblem, type Problem } from "../../config/problem.ts";
import { wrapped } from "./wrapped.ts";

/** All problems of the configuration, each with its remedy. `consequence` is a sentence. */
export function describeProblems(problems: readonly Problem[], consequence?: string): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const summary = [`yurt: Invalid configuration (${count}).`, consequence].filter((sentence) => sentence !== undefined);
  return [summary.join(" "), ...problems.map(describe), ""].join("\n");
}

function describe(problem: Problem): string {
  return `\n  ${describeProblem(problem)}\n${wrapped(problem.remedy, "    ")}`;
}
