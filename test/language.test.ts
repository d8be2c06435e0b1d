import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readComments } from "./support/comments.ts";

/** A comment that opens with one of these hides its subject: the reader has to guess the noun. */
const forbiddenOpenings = /^(?:Of|What|Who|Whom|Whose|Whoever|Whomever|That|Likewise)\b/;

/** Metaphors that had a word of the field in their place, as parts of identifiers. */
const forbiddenWords = new Set(["debt", "brake", "agenda", "letter", "letters", "farewell", "entrance", "hearing"]);

const root = join(import.meta.dir, "..");

function faults(path: string, source: string): readonly string[] {
  return readComments(source)
    .filter(({ text }) => forbiddenOpenings.test(text))
    .map(({ line, text }) => `${path}:${line}: ${text.slice(0, 60)}`);
}

describe("comments", () => {
  test("open with their subject", () => {
    const glob = new Bun.Glob("{src,test,scripts}/**/*.{ts,tsx,mjs,css}");
    const paths = [...glob.scanSync({ cwd: root })].sort();
    expect(paths.length).toBeGreaterThan(400);
    expect(paths.flatMap((path) => faults(path, readFileSync(join(root, path), "utf8")))).toEqual([]);
  });

  test.each([
    ["/** Of every key the value. */", 1],
    ["const a = 1;\n  // Whom it concerns\n  // is told.", 2],
    ["/**\n * What is sent.\n *\n * More.\n */", 1],
    ["<p>\n  {/* Likewise. */}\n</p>", 2],
  ])("that hide it are found in %j", (source, line) => {
    expect(faults("a.ts", source)).toEqual([expect.stringContaining(`a.ts:${line}: `)]);
  });

  test.each([
    "/** The value of every key. */",
    "// The sender waits.\n// That takes a second line.",
    "/**\n * Sends.\n * What is sent stays.\n */",
    "/** Whatever remains is dropped; Officers, Whois. */",
  ])("are left alone in %j", (source) => {
    expect(faults("a.ts", source)).toEqual([]);
  });
});

/** The parts of the identifiers of `source`, in lower case. Comments and texts do not count. */
function identifierParts(source: string): ReadonlySet<string> {
  const code = source
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "");
  const identifiers = code.match(/[A-Za-z_$][\w$]*/g) ?? [];
  return new Set(identifiers.flatMap((name) => name.split(/(?=[A-Z])|_/)).map((part) => part.toLowerCase()));
}

describe("names", () => {
  test("are no metaphors", () => {
    const paths = [...new Bun.Glob("src/**/*.{ts,tsx}").scanSync({ cwd: root })].sort();
    const found = paths.flatMap((path) =>
      [...identifierParts(readFileSync(join(root, path), "utf8"))]
        .filter((part) => forbiddenWords.has(part))
        .map((part) => `${path}: ${part}`),
    );
    expect(found).toEqual([]);
  });

  test("are found in code alone", () => {
    const source = '/** A letter. */\nconst lastLetter = "farewell"; // brake\nthis.#debt(`agenda`);';
    const parts = identifierParts(source);
    expect(["letter", "debt", "farewell", "agenda"].map((word) => parts.has(word))).toEqual([true, true, false, false]);
  });
});
