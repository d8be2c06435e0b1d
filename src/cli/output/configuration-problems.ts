import { describeOrigin, type Problem } from "../../config/problem.ts";

/** All that is wrong with the configuration, for the person who has to change it. */
export function describeProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [`yurt: ${count} in the configuration, nothing was started`, ...problems.map(describe), ""].join("\n");
}

function describe({ setting, value, origin, remedy }: Problem): string {
  // Quoted as JSON, so that blanks are seen and control characters do nothing.
  const given = value === undefined ? "is not set" : `= ${JSON.stringify(value)} (${describeOrigin(origin)})`;
  return `\n  ${setting} ${given}\n    ${remedy}`;
}
