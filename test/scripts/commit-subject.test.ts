import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { isGenerated, subjectFault } from "../../scripts/commit-subject.ts";

/** The last commit before the rule. */
const lastWithoutRule = "ec9b0d4bb65471436464ab9c8021ae0d26ae88a8";
const root = join(import.meta.dir, "../..");

function git(...args: readonly string[]): string | undefined {
  const { exitCode, stdout } = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
  return exitCode === 0 ? stdout.toString() : undefined;
}

describe("a commit subject", () => {
  const subjects = git("log", "--no-merges", "--format=%s", `${lastWithoutRule}..HEAD`)?.split("\n").filter(Boolean);

  // A shallow clone or an archive does not know the commit.
  test.skipIf(subjects === undefined)("has the form `area: imperative` in every commit since the rule", () => {
    const wrong = (subjects ?? []).flatMap((subject) => {
      const fault = isGenerated(subject) ? undefined : subjectFault(subject);
      return fault === undefined ? [] : [`${subject}: ${fault}`];
    });
    expect(wrong).toEqual([]);
  });

  test.each(["relay: answer a query twice", "cli, config: read a file", "y-webrtc: rename announceDue"])(
    "may be %j",
    (subject) => {
      expect(subjectFault(subject)).toBeUndefined();
    },
  );

  test.each([
    [`relay: ${"a".repeat(70)}`, "has 77 characters, more than 72"],
    ["answer a query twice", "does not begin with an area, as in `relay: answer a query twice`"],
    ["relay: answer a query.", "ends with a full stop"],
  ])("may not be %j", (subject, fault) => {
    expect(subjectFault(subject)).toBe(fault);
  });
});
