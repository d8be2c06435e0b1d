import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loggedError } from "../../src/ops/logged-error.ts";
import { StoreError } from "../../src/storage/store.ts";

describe("an error in the log", () => {
  test("has the name of its class, which the executable does not know, and the fields that it has besides", () => {
    // The executable's classes have short names.
    const Short = class me extends StoreError {};
    const logged = loggedError(Object.assign(new Short("full", "no space"), { code: "ENOSPC" }));
    expect(logged).toEqual({
      type: "StoreError",
      message: "no space",
      stack: expect.stringMatching(/^StoreError: no space\n/),
      kind: "full",
      code: "ENOSPC",
    });
  });

  test("has the message and the lines of its causes once", () => {
    const root = new TypeError("relation does not exist");
    const middle = new StoreError("unavailable", "Postgres: relation does not exist", { cause: root });
    const outer = new Error("the event was not recorded", { cause: middle });
    const { message, stack } = Object(loggedError(outer));
    expect(message).toBe("the event was not recorded: Postgres: relation does not exist");
    const lines = String(stack).split("\n");
    expect(lines.filter((line) => !line.startsWith("    at "))).toEqual([
      "Error: the event was not recorded",
      "caused by: StoreError: Postgres: relation does not exist",
      "caused by: TypeError: relation does not exist",
    ]);
    const frames = lines.filter((line) => line.startsWith("    at "));
    expect(frames.length).toBeGreaterThan(0);
    expect(new Set(frames).size).toBe(frames.length);
  });

  test("may be its own cause, have several errors, and be none", () => {
    const circular = new Error("again");
    circular.cause = circular;
    expect(loggedError(circular)).toMatchObject({ message: "again" });
    const several = new AggregateError([new RangeError("one"), "two"], "both");
    expect(loggedError(several)).toMatchObject({
      type: "AggregateError",
      aggregateErrors: [{ type: "RangeError", message: "one" }, "two"],
    });
    expect([loggedError("text"), loggedError(undefined)]).toEqual(["text", undefined]);
  });

  test("of each of our classes has its name as a literal", () => {
    const src = join(import.meta.dir, "../../src");
    const unnamed: string[] = [];
    let classes = 0;
    for (const path of new Bun.Glob("**/*.{ts,tsx}").scanSync(src)) {
      const [, ...found] = readFileSync(join(src, path), "utf8").split(/class (?=\w+ extends \w*Error\b)/);
      for (const text of found) {
        const name = /^\w+/.exec(text)?.[0] ?? "";
        const [body = ""] = /^[^\n]*\{\}\n/.test(text) ? [] : text.split("\n}");
        classes += 1;
        if (!body.includes(`name = "${name}"`)) unnamed.push(`${path}: ${name}`);
      }
    }
    expect(unnamed).toEqual([]);
    expect(classes).toBeGreaterThan(40);
  });
});
