import { describe, expect, test } from "bun:test";
import { limitNames, parseLimits } from "../../src/composition/limit-settings.ts";
import { defaultLimits } from "../../src/composition/limits.ts";
import { readPage } from "../support/docs-snippets.ts";

describe("limits", () => {
  test("are set by their names, in any order", () => {
    expect(parseLimits("json-depth=64,outbox-bytes=8388608")).toEqual({ jsonDepth: 64, outboxBytes: 8_388_608 });
    expect(parseLimits(" mailbox-messages=1 , name-bytes=900719925474099")).toEqual({
      mailboxMessages: 1,
      nameBytes: 900_719_925_474_099,
    });
    expect(parseLimits("")).toEqual({});
  });

  test.each([
    "json-depth",
    "json-depth=",
    "json-depth=0",
    "json-depth=-1",
    "json-depth=1.5",
    "json-depth=1e3",
    "json-depth=9007199254740993",
    "jsonDepth=1",
    "__proto__=1",
    "json-depth=1,json-depth=2",
    "json-depth=1,",
    "document-memory-bytes=1",
  ])("are not %j", (text) => {
    expect(parseLimits(text)).toBeUndefined();
  });

  test("are in the table of docs/reference.md, with their defaults", () => {
    const reference = readPage("docs/reference.md");
    const rows = [...reference.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| (\d+(?:, \d+)*) \|/gm)];
    const described = rows.flatMap(([, names = "", numbers = ""]) => {
      const values = numbers.split(", ");
      return names.split(", ").map((name, index) => `${name.slice(1, -1)}=${values[index] ?? values[0]}`);
    });
    expect(described.map((each) => each.replace(/=.*/, "")).toSorted()).toEqual(limitNames.toSorted());
    expect({ ...defaultLimits, ...parseLimits(described.join(",")) }).toEqual(defaultLimits);
  });

  test("have a name each, but for those that have a setting of their own", () => {
    expect(limitNames).toHaveLength(Object.keys(defaultLimits).length - 6);
    for (const name of limitNames) expect(Object.keys(parseLimits(`${name}=7`) ?? {})).toHaveLength(1);
  });
});
