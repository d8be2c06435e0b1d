import { describe, expect, test } from "bun:test";
import { describeProblems } from "../../../src/cli/output/configuration-problems.ts";

describe("problems of a configuration", () => {
  test("are shown with setting, value, origin and remedy", () => {
    const problems = describeProblems([
      { setting: "port", value: " 80", origin: { from: "flag", flag: "--port" }, remedy: "Give a number." },
      {
        setting: "log.level",
        value: "\u001b[2J",
        origin: { from: "environment", variable: "YURT_LOG_LEVEL" },
        remedy: "Give a level.",
      },
      { setting: "auth.mode", value: undefined, origin: { from: "default" }, remedy: "Add --auth-mode open." },
    ]);
    expect(problems).toBe(`yurt: Invalid configuration (3 problems).

  port = " 80" (flag --port)
    Give a number.

  log.level = "\\u001b[2J" (environment variable YURT_LOG_LEVEL)
    Give a level.

  auth.mode is not set
    Add --auth-mode open.
`);
  });

  test("are counted, and followed by the consequence", () => {
    const port = { setting: "port", value: "", origin: { from: "flag", flag: "--port" }, remedy: "" } as const;
    const [problem] = describeProblems([port], "Yurt did not start.").split("\n");
    expect(problem).toBe("yurt: Invalid configuration (1 problem). Yurt did not start.");
  });
});
