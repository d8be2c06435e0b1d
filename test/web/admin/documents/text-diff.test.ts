import { describe, expect, test } from "bun:test";
import { editScript } from "../../../../src/web/admin/documents/diff/edit-script.ts";
import { countChanges, foldDiff, visibleChange } from "../../../../src/web/admin/documents/diff/folded.ts";
import { diffTexts, type TextChange } from "../../../../src/web/admin/documents/diff/text-diff.ts";

/** The changes as `same [-removed-] {+added+}`. */
function written(changes: readonly TextChange[]): string {
  const forms = {
    same: (text: string) => text,
    removed: (text: string) => `[-${text}-]`,
    added: (text: string) => `{+${text}+}`,
  };
  return changes.map(({ kind, text }) => forms[kind](text)).join("");
}

function side(changes: readonly TextChange[], left: "added" | "removed"): string {
  return changes.map(({ kind, text }) => (kind === left ? "" : text)).join("");
}

describe("the difference of two texts", () => {
  test.each([
    ["", "", ""],
    ["same", "same", "same"],
    ["", "new", "{+new+}"],
    ["old", "", "[-old-]"],
    ["the red fox", "the blue fox", "the [-red-]{+blue+} fox"],
    ["one two three", "one 2 3", "one [-two three-]{+2 3+}"],
    ["a\nb\nc\n", "a\nx\nc\n", "a\n[-b-]{+x+}\nc\n"],
    ["a\nc\n", "a\nb\nc\n", "a\n{+b\n+}c\n"],
    ["Grüße, Welt", "Grüße an die Welt", "Grüße[-,-]{+ an die+} Welt"],
    ["a😀b", "a😁b", "a[-😀-]{+😁+}b"],
  ])("from %j to %j", (before, after, expected) => {
    expect(written(diffTexts(before, after))).toBe(expected);
  });

  test("keeps every character of both texts", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    const text = () => Array.from({ length: random(40) }, () => "ab \n😀é"[random(8)] ?? "x").join("");
    for (let round = 0; round < 300; round += 1) {
      const [before, after] = [text(), text()];
      const changes = diffTexts(before, after);
      expect([side(changes, "added"), side(changes, "removed")], `seed ${seed}`).toEqual([before, after]);
      expect(changes.every((change, index) => change.kind !== changes[index + 1]?.kind)).toBe(true);
    }
  });

  test("is a replacement where too much differs", () => {
    const numbers = (from: number) => Array.from({ length: 5_000 }, (_, index) => `${from + index}\n`).join("");
    const changes = diffTexts(numbers(0), numbers(10_000));
    expect(changes.slice(0, 2).map(({ kind }) => kind)).toEqual(["removed", "added"]);
    expect(changes.length).toBeLessThanOrEqual(3);
  });
});

test("an edit script is the shortest", () => {
  const count = (edits: readonly string[] | undefined) => edits?.filter((edit) => edit !== "same").length;
  expect(count(editScript([..."ABCABBA"], [..."CBABAC"], 10))).toBe(5);
  expect(editScript([..."ABC"], [..."XYZ"], 5)).toBeUndefined();
  expect(editScript([], [], 5)).toEqual([]);
});

describe("a folded difference", () => {
  const far = "x".repeat(1_000);

  test("leaves out what is far from a change", () => {
    const { parts } = foldDiff([
      { kind: "same", text: far },
      { kind: "added", text: "new" },
      { kind: "same", text: far },
      { kind: "removed", text: "old" },
      { kind: "same", text: "end" },
    ]);
    const shown = parts.map((part) => (part.kind === "omitted" ? part.count : `${part.kind} ${part.text.length}`));
    expect(shown).toEqual([840, "same 160", "added 3", "same 160", 680, "same 160", "removed 3", "same 3"]);
  });

  test("is not cut within a character", () => {
    const { parts } = foldDiff([
      { kind: "added", text: "a" },
      { kind: "same", text: "😀".repeat(500) },
      { kind: "added", text: `${"b".repeat(4_999)}😀😀` },
    ]);
    for (const part of parts) if (part.kind !== "omitted") expect(part.text.isWellFormed()).toBe(true);
  });

  test("says how many changes are left out", () => {
    const changes = Array.from({ length: 100 }, (): TextChange => ({ kind: "added", text: far }));
    expect(foldDiff(changes)).toMatchObject({ hiddenChanges: 80 });
  });
});

test("white space that has changed can be seen", () => {
  expect(visibleChange("a b\n")).toBe("a b↵\n");
  expect(visibleChange(" \t")).toBe("␣⇥");
  expect(countChanges([{ kind: "added", text: "ab" }])).toEqual({ added: 2, removed: 0 });
});

function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
