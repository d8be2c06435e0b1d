import { describe, expect, test } from "bun:test";
import { countTests, formatCounts, withoutPassed } from "../../../scripts/check/bun-test-report.ts";

const summary = (lines: string, ran: string) => `\na.test.ts:\n(pass) adds [0.04ms]\n\n${lines}\n${ran}. [7.00ms]\n`;

describe("countTests", () => {
  test("reads bun test's summary", () => {
    const report = summary(" 12 pass\n 2 skip\n 1 todo\n 0 fail\n 30 expect() calls", "Ran 15 tests across 2 files");
    expect(countTests({ report, exitCode: 0, files: 2 })).toEqual({ passed: 12, failed: 0, skipped: 3 });
  });

  test("counts each failed test once, and no error outside of tests in addition", () => {
    const report = summary(" 1 pass\n 2 fail\n 1 error", "Ran 3 tests across 1 file");
    expect(countTests({ report, exitCode: 1, files: 1 })).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  test("ignores colours", () => {
    const report = summary("\u001b[32m 3 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m", "Ran 3 tests across 1 file");
    expect(countTests({ report, exitCode: 0, files: 1 })).toEqual({ passed: 3, failed: 0, skipped: 0 });
  });

  test("reads on after a control character in a test's name", () => {
    const report = `(pass) may not be "\u009d" [0.01ms]\n${summary(" 2 pass\n 0 fail", "Ran 2 tests across 1 file")}`;
    expect(countTests({ report, exitCode: 0, files: 1 })).toEqual({ passed: 2, failed: 0, skipped: 0 });
  });

  test("takes the last summary, not one that a test prints", () => {
    const printed = summary(" 99 pass\n 0 fail", "Ran 99 tests across 1 file");
    const report = printed + summary(" 1 pass\n 1 fail", "Ran 2 tests across 1 file");
    expect(countTests({ report, exitCode: 1, files: 1 })).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test("counts a run that ended before its summary as a failure, and the tests before as passed", () => {
    const report = "\na.test.ts:\n(pass) adds [0.04ms]\n(skip) later\n(fail) breaks [0.10ms]\n";
    expect(countTests({ report, exitCode: null, files: 1 })).toEqual({ passed: 1, failed: 2, skipped: 1 });
    expect(countTests({ report: "", exitCode: 1, files: 1 })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("counts a run without tests as a failure", () => {
    const report = summary(" 0 pass\n 0 fail", "Ran 0 tests across 1 file");
    expect(countTests({ report, exitCode: 0, files: 1 })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("counts a run that left out a file as a failure", () => {
    const report = summary(" 3 pass\n 0 fail", "Ran 3 tests across 1 file");
    expect(countTests({ report, exitCode: 0, files: 2 })).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  test("counts an exit code that its summary does not explain as a failure", () => {
    const report = summary(" 3 pass\n 0 fail", "Ran 3 tests across 1 file");
    expect(countTests({ report, exitCode: 1, files: 1 })).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(countTests({ report, exitCode: null, files: 1 })).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });
});

test("formatCounts mentions skipped tests only if there are any", () => {
  expect(formatCounts({ passed: 12, failed: 1, skipped: 0 })).toBe("12 passed, 1 failed");
  expect(formatCounts({ passed: 12, failed: 0, skipped: 2 })).toBe("12 passed, 0 failed, 2 skipped");
});

test("withoutPassed keeps errors, failed and skipped tests, and the summary", () => {
  const report = [
    ...["", "a.test.ts:", "(pass) adds [0.04ms]", ""],
    ...["b.test.ts:", "(pass) subtracts", "error: expect(received).toBe(expected)", "(fail) divides [0.10ms]", ""],
    ...["c.test.ts:", "(skip) later", "", " 2 pass", " 1 skip", " 1 fail", "Ran 4 tests across 3 files. [7.00ms]"],
  ];
  expect(withoutPassed(report.join("\n")).trim().split("\n")).toEqual([
    ...["b.test.ts:", "error: expect(received).toBe(expected)", "(fail) divides [0.10ms]", ""],
    ...["c.test.ts:", "(skip) later", "", " 2 pass", " 1 skip", " 1 fail", "Ran 4 tests across 3 files. [7.00ms]"],
  ]);
});
