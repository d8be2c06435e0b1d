import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..", "..");

/** A fenced block of code in a page of the documentation. */
export interface CodeBlock {
  /** The word behind the fence; empty where there is none. */
  readonly language: string;
  /** The text of the heading above it. */
  readonly heading: string;
  readonly code: string;
}

/** Blocks that run in a program or a browser: each of them needs a test. */
const scriptLanguages: ReadonlySet<string> = new Set(["js", "jsx", "mjs", "cjs", "ts", "tsx", "html", "vue", "svelte"]);
/** Blocks that a terminal, another program or a reader takes. */
const otherLanguages: ReadonlySet<string> = new Set([
  ...["", "sh", "text", "json", "jsonl", "sql", "diff"],
  ...["caddyfile", "nginx", "ini", "toml", "yaml", "dockerfile"],
]);

/** The pages of the documentation, relative to the repository. */
export function docsPages(): readonly string[] {
  return ["*.md", "docs/**/*.md"].flatMap((pages) => [...new Bun.Glob(pages).scanSync({ cwd: root })]).toSorted();
}

export function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** All blocks of a page, in their order. Throws for a block that is not closed, or is in a language that is not known here. */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = "";
  let open: { readonly fence: string; readonly language: string; readonly lines: string[] } | undefined;
  for (const line of readPage(page).split("\n")) {
    const [, fence = "", language = ""] = /^\s*(`{3,}|~{3,})\s*([^\s`]*)/.exec(line) ?? [];
    if (open !== undefined && fence !== "" && fence.startsWith(open.fence) && language === "") {
      blocks.push({ language: open.language, heading, code: open.lines.map((each) => `${each}\n`).join("") });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (fence !== "") open = { fence, language: knownLanguage(language, page), lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  if (open !== undefined) throw new Error(`${page}: a block of code under "${heading}" has no end`);
  return blocks;
}

/** The scripts of a page by `page#heading`; of several under one heading, `page#heading (2)` and so on. */
export function snippetsOf(page: string): ReadonlyMap<string, string> {
  const snippets = new Map<string, string>();
  for (const { language, heading, code } of codeBlocks(page)) {
    if (!scriptLanguages.has(language)) continue;
    let id = `${page}#${heading}`;
    for (let number = 2; snippets.has(id); number += 1) id = `${page}#${heading} (${number})`;
    snippets.set(id, code);
  }
  return snippets;
}

function knownLanguage(language: string, page: string): string {
  if (scriptLanguages.has(language) || otherLanguages.has(language)) return language;
  throw new Error(`${page}: a block of code in the unknown language "${language}"`);
}

/** A module that runs under Bun, with the packages of this repository, until it is disposed of. */
export interface RunningModule extends AsyncDisposable {
  /** Everything that the module prints, once it has ended by itself. */
  printed(): Promise<string>;
}

export function runModule(code: string, environment: Readonly<Record<string, string>> = {}): RunningModule {
  const child = Bun.spawn([process.execPath, "--no-env-file", "-"], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: [new Blob([code]), "pipe", "inherit"],
  });
  return {
    printed: () => child.stdout.text(),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
