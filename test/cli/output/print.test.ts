import { describe, expect, test } from "bun:test";
import { formatBytes, formatName, formatThings, print, ReaderGone } from "../../../src/cli/output/print.ts";

describe("a text is printed", () => {
  test("when the reader has taken it", async () => {
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const write = (text: string, taken?: (error?: Error | null) => void) => {
      order.push(text);
      void promise.then(() => taken?.(null));
    };
    const printed = print({ write }, "text").then(() => order.push("printed"));
    await Promise.resolve();
    order.push("taken");
    resolve();
    await printed;
    expect(order).toEqual(["text", "taken", "printed"]);
  });

  test("rejects when the reader has gone", async () => {
    const error = Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    await expect(print({ write: (_, taken) => taken?.(error) }, "text")).rejects.toBeInstanceOf(ReaderGone);
  });

  test("or it is said that it cannot be written", async () => {
    const error = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const printed = print({ write: (_, taken) => taken?.(error) }, "text");
    await expect(printed).rejects.toThrow("The output cannot be written: no space left on device");
  });
});

test.each<[number, string]>([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [9_949, "9.9 kB"],
  [9_950, "10 kB"],
  [311_234, "311 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [52_428_800, "52 MB"],
  [3_400_000_000, "3.4 GB"],
  [5e15, "5000 TB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each<[number, string]>([
  [0, "0 documents"],
  [1, "1 document"],
  [12_000, "12,000 documents"],
])("%d are %s", (count, text) => {
  expect(formatThings(count, "document")).toBe(text);
});

describe("a name is written", () => {
  test.each(["notes", "team/plan", "my notes", "späte Züge 🚂", "👩‍💻", 'say "hi"', "a\\b", "-rf"])(
    "as it is: %s",
    (name) => {
      expect(formatName(name)).toBe(name);
    },
  );

  test.each<[string, string]>([
    ["", '""'],
    [" notes", '" notes"'],
    ["notes ", '"notes "'],
    ['"notes"', '"\\"notes\\""'],
    ["a\tb", '"a\\tb"'],
    ["a\nb", '"a\\nb"'],
    ["\u001b[31mred", '"\\u001b[31mred"'],
    ["\u009b31mred", '"\\u009b31mred"'],
    ["a\u007fb", '"a\\u007fb"'],
    ["txt.\u202eexe", '"txt.\\u202eexe"'],
    ["a\u2028b", '"a\\u2028b"'],
  ])("as JSON when a terminal or a list would obey it: %j", (name, written) => {
    expect(formatName(name)).toBe(written);
    expect(JSON.parse(written)).toBe(name);
  });
});
