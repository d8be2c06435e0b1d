import { describe, expect, test } from "bun:test";
import { parseToml } from "../../../src/config/file/toml.ts";

async function entriesOf(text: string) {
  const parsed = await parseToml(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.entries.map(({ path, at, valueAt, isDuplicate }) => ({
    path: path.join("."),
    at: [at.line, at.column],
    valueAt: [valueAt.line, valueAt.column],
    isDuplicate,
  }));
}

describe("a key", () => {
  test("has the position of itself and of its value, in any form of a table", async () => {
    expect(await entriesOf('a = 1\n[b]\n  c = "x"\nd.e=2\r\n[f.g]\n"h i" = [\n  1 ]\n')).toEqual([
      { path: "a", at: [1, 1], valueAt: [1, 5], isDuplicate: false },
      { path: "b.c", at: [3, 3], valueAt: [3, 7], isDuplicate: false },
      { path: "b.d.e", at: [4, 1], valueAt: [4, 5], isDuplicate: false },
      { path: "f.g.h i", at: [6, 1], valueAt: [6, 9], isDuplicate: false },
    ]);
  });

  test("that stands twice is marked each time, and what follows keeps its position", async () => {
    expect(await entriesOf("a = 1\na = 2\na = 3\n'b' = 1\n  \"b\" = 2 # b\nc = 3\n")).toEqual([
      { path: "a", at: [1, 1], valueAt: [1, 5], isDuplicate: false },
      { path: "a", at: [2, 1], valueAt: [2, 5], isDuplicate: true },
      { path: "a", at: [3, 1], valueAt: [3, 5], isDuplicate: true },
      { path: "b", at: [4, 1], valueAt: [4, 7], isDuplicate: false },
      { path: "b", at: [5, 3], valueAt: [5, 9], isDuplicate: true },
      { path: "c", at: [6, 1], valueAt: [6, 5], isDuplicate: false },
    ]);
  });

  test("that stands twice in a table of one line is marked at its position", async () => {
    const parsed = await parseToml("a = { b = 1, b = 2, c = 3, c = 4 }");
    const table = parsed.ok ? parsed.entries[0]?.value : undefined;
    const entries = table?.type === "table" ? table.entries : [];
    expect(entries.map(({ path, at, isDuplicate }) => [path[0], at.column, isDuplicate])).toEqual([
      ["b", 7, false],
      ["b", 14, true],
      ["c", 21, false],
      ["c", 28, true],
    ]);
  });
});

test("a table that stands twice is marked, and its keys are read", async () => {
  const parsed = await parseToml("[a]\nb = 1\n[a]\nc = 1\n[[d]]\n");
  expect(parsed).toMatchObject({
    ok: true,
    headings: [
      { path: ["a"], at: { line: 1, column: 2 }, isDuplicate: false, isList: false },
      { path: ["a"], at: { line: 3, column: 2 }, isDuplicate: true, isList: false },
      { path: ["d"], isDuplicate: false, isList: true },
    ],
    entries: [{ path: ["a", "b"] }, { path: ["a", "c"], isDuplicate: false }],
  });
});

describe("an error of the syntax has a position", () => {
  test.each([
    ["a = b", 1, 5],
    ["\n  a = 'x\n", 2, 9],
    ["a = 1 b = 2", 1, 7],
    ["a = [1,\n 2,,]", 2, 4],
    ["a", 1, 2],
    ['a = "\\q"', 1, 7],
    // A duplicate before it does not move it.
    ["a = 1\na = 2\nb = {c = 1, c = 2}\nd = [1,,]", 4, 8],
  ])("%p", async (text, line, column) => {
    expect(await parseToml(text)).toMatchObject({ ok: false, at: { line, column } });
  });
});

test("values keep their types", async () => {
  const parsed = await parseToml('a = "4"\nb = 4\nc = 4.0\nd = true\ne = 1979-05-27\nf = [1]\n');
  expect(parsed.ok ? parsed.entries.map(({ value }) => value.type) : []).toEqual([
    "text",
    "integer",
    "float",
    "boolean",
    "date",
    "list",
  ]);
});

test("a document that is nested too deeply is refused", async () => {
  const text = `a = ${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  expect(await parseToml(text)).toMatchObject({ ok: false, detail: "Nested too deeply" });
});
