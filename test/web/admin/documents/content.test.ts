import { describe, expect, test } from "bun:test";
import { contentPlan } from "../../../../src/web/admin/documents/content/content-bounds.ts";
import { jsonNode } from "../../../../src/web/admin/documents/content/tree-node.ts";
import { exportFile, fileNameOf } from "../../../../src/web/admin/documents/manage/export-file.ts";
import { cutText } from "../../../../src/web/admin/documents/text/cut-text.ts";

test("a larger document is read less often, and a huge one not at all", () => {
  expect(contentPlan(5_000)).toEqual({ kind: "live", apartMs: 1_000 });
  expect(contentPlan(500_000)).toEqual({ kind: "live", apartMs: 5_000 });
  expect(contentPlan(5_000_000)).toEqual({ kind: "asked" });
  expect(contentPlan(500_000_000)).toEqual({ kind: "never" });
});

test("a text is not cut within a character", () => {
  expect(cutText("abc", 3)).toEqual({ text: "abc", omitted: 0 });
  expect(cutText("a😀b", 2)).toEqual({ text: "a", omitted: 3 });
  expect(cutText("a😀b", 3)).toEqual({ text: "a😀", omitted: 1 });
});

describe("the tree of a value", () => {
  test("has its members in order, made only for those that are shown", () => {
    const node = jsonNode("tasks", [{ name: "one" }, null, "text", 4]);
    expect(node).toMatchObject({ type: "array", summary: "4 items", childCount: 4 });
    const shown = node.children(1, 3).map(({ label, summary, type }) => [label, type, summary]);
    expect(shown).toEqual([
      ["1", "null", "null"],
      ["2", "text", '"text"'],
    ]);
    expect(jsonNode("a", {})).toMatchObject({ summary: "empty", childCount: 0 });
    expect(jsonNode("a", { b: 1 })).toMatchObject({ summary: "1 member" });
  });

  test("shows the beginning of a long text", () => {
    expect(jsonNode("t", "x".repeat(1_000))).toMatchObject({ omitted: 700, childCount: 0 });
  });
});

describe("an exported file", () => {
  const documentWith = (lines: string) => ({
    name: "notes/7",
    export: async () => new Response(lines).body ?? new ReadableStream(),
  });

  test("has all lines", async () => {
    const file = await exportFile(documentWith('{"name":"notes/7"}\n{"end":1}\n'), { history: false });
    expect([file.name, file.content.size]).toEqual(["notes-7.ndjson", 29]);
  });

  test("is refused without its last line", () => {
    const exported = exportFile(documentWith('{"name":"notes/7"}\n'), { history: false });
    expect(exported).rejects.toThrow("The server has not sent the whole document. Try again.");
  });

  test.each([
    ["a/b", "a-b.ndjson"],
    ["../..", "document.ndjson"],
    [".hidden", "hidden.ndjson"],
    ["مستند", "مستند.ndjson"],
    ["x".repeat(1_000), `${"x".repeat(100)}.ndjson`],
  ])("of %j has a name that systems accept", (name, expected) => {
    expect(fileNameOf(name)).toBe(expected);
  });
});
