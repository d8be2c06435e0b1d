/** The number of tests that passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The result of a `bun test` process. */
export interface TestRun {
  /** Its standard error, where `bun test` reports. */
  readonly report: string;
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  /** The number of test files that it was given. */
  readonly files: number;
}

/**
 * Counts the tests of a run from `bun test`'s own summary.
 *
 * A run that did not reach its summary, ran no test, left out a file, or failed without a failed test counts as one
 * more failure, so it can never look like a success.
 */
export function countTests(run: TestRun): Counts {
  // The report is read line by line: a test's name may contain a control character that would hide the rest.
  const lines = run.report.split("\n").map((line) => Bun.stripANSI(line));
  const end = lines.findLastIndex((line) => lastLine.test(line));
  if (end === -1) return countUntilCrash(lines);
  const [, tests, files] = lastLine.exec(lines[end] ?? "") ?? [];
  const summary = lines.slice(lines.lastIndexOf("", end) + 1, end);
  const failed = countOf("fail", summary);
  const complete = Number(tests) > 0 && Number(files) === run.files && (run.exitCode === 0) === (failed === 0);
  return {
    passed: countOf("pass", summary),
    failed: complete ? failed : failed + 1,
    skipped: countOf("skip", summary) + countOf("todo", summary),
  };
}

/** Formats counts as `12 passed, 1 failed, 2 skipped`, without skipped tests if there are none. */
export function formatCounts(counts: Counts): string {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}

/**
 * Returns the report of a failed run without its passed tests, and without the files in which all tests passed: the
 * errors are what a reader looks for, and some places keep only a part of a long output.
 */
export function withoutPassed(report: string): string {
  const lines = report.split("\n").filter((line) => !Bun.stripANSI(line).startsWith("(pass) "));
  return lines
    .filter((line, index) => !(fileLine.test(line) && isBlank(lines[index + 1])))
    .join("\n")
    .replace(/\n{3,}/g, "\n\n");
}

const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === "";

/** The line that precedes the results of a test file. */
const fileLine = /^\S+\.(?:test|spec)\.\w+:$/;

const lastLine = /^Ran (\d+) tests? across (\d+) files?\. \[.+\]$/;

function countOf(word: "pass" | "fail" | "skip" | "todo", summary: readonly string[]): number {
  const line = summary.find((candidate) => candidate.endsWith(` ${word}`));
  return line === undefined ? 0 : Number.parseInt(line, 10);
}

function countUntilCrash(lines: readonly string[]): Counts {
  const marked = (mark: string) => lines.filter((line) => line.startsWith(`(${mark}) `)).length;
  return { passed: marked("pass"), failed: marked("fail") + 1, skipped: marked("skip") + marked("todo") };
}
