import { describe, expect, test } from "bun:test";
import { parseLimits } from "../../src/cli/parse-limits.ts";

describe("--limits", () => {
  test("sets several bounds by their names, in any order", () => {
    expect(parseLimits("json-depth=64, outbox-bytes=8388608")).toEqual(
      new Map([
        ["limits.json-depth", "64"],
        ["limits.outbox-bytes", "8388608"],
      ]),
    );
    expect(parseLimits("")).toEqual(new Map());
  });

  test.each([
    ["json-deph=64", 'There is no limit "json-deph". Did you mean json-depth?'],
    ["a=1", 'There is no limit "a". Run yurt limits to list them.'],
    ["xyzzy=1", 'There is no limit "xyzzy". Run yurt limits to list them.'],
    ["jsonDepth=1", 'There is no limit "jsonDepth". Did you mean json-depth?'],
    ["__proto__=1", 'There is no limit "__proto__". Run yurt limits to list them.'],
    ["json-depth", '"json-depth" is not name=number.'],
    ["json-depth=1.5", '"json-depth=1.5" is not name=number.'],
    ["json-depth=-1", '"json-depth=-1" is not name=number.'],
    ["json-depth=1,json-depth=2", '"json-depth" is given twice.'],
  ])("%s is refused", (text, sentence) => {
    expect(parseLimits(text)).toBe(sentence);
  });
});
