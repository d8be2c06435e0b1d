import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { problemKinds } from "../src/api/problems.ts";
import { options } from "../src/composition/settings/options.ts";
import { loadSettings } from "../src/composition/settings/settings.ts";
import { parseConfigurationFile } from "../src/config/file/configuration-file.ts";
import { closeReasons } from "../src/transport/close-reason.ts";
import { codeBlocks, docsPages, readPage } from "./support/docs-snippets.ts";
import { startTestServer } from "./support/servers/start-test-server.ts";

const root = join(import.meta.dir, "..");
const sourceFiles = [...new Bun.Glob("**/*.{ts,tsx}").scanSync(join(root, "src"))].map((path) => `src/${path}`);
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** All sources as one text. A message that is concatenated from several literals is joined in it. */
const sources = sourceFiles
  .map(read)
  .join("\n")
  .replaceAll(/["`]\s*\+\s*["`]/g, "");

/** The rows of the tables of a page, as cells, without the headers. */
function tableRows(page: string): readonly (readonly string[])[] {
  const lines = readPage(page).match(/^\|.*\|$/gm) ?? [];
  return lines.map((line) => line.slice(1, -1).split("|")).map((cells) => cells.map((cell) => cell.trim()));
}

describe("docs/architecture.md", () => {
  const page = "docs/architecture.md";

  test("names files and folders that exist", () => {
    const paths = Array.from(readPage(page).matchAll(/`((?:[\w-]+\/)+(?:[\w.-]+\.ts)?)`/g), ([, path = ""]) => path);
    const isThere = (path: string) => existsSync(join(root, "src", path)) || existsSync(join(root, path));
    const within = ["transport", "relay", "signaling", "auth", "storage", "test/support"];
    const isFolderOf = (path: string) => within.some((folder) => isThere(`${folder}/${path}`));
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !isThere(path) && !isFolderOf(path))).toEqual([]);
  });

  test("names functions that are in the files beside them", () => {
    const steps = tableRows(page).flatMap(([, file = "", name = ""]) => {
      const [, path] = /^`([\w/-]+\.ts)`$/.exec(file) ?? [];
      const [, called] = /^`([#\w]+)`$/.exec(name) ?? [];
      return path === undefined || called === undefined ? [] : [{ path, called }];
    });
    expect(steps.length).toBeGreaterThan(10);
    const isIn = ({ path, called }: (typeof steps)[number]) => new RegExp(`${called}\\b`).test(read(`src/${path}`));
    expect(steps.filter((step) => !isIn(step))).toEqual([]);
  });

  test("lists all close codes with their reasons", () => {
    const described = tableRows(page).flatMap(([code = "", name = ""]) =>
      /^\d{4}$/.test(code) ? [`${code} ${name.replaceAll("`", "")}`] : [],
    );
    const codes = Object.values(closeReasons).map(({ code, name }) => `${code} ${name}`);
    expect(described.toSorted()).toEqual(codes.toSorted());
  });
});

describe("docs/http-api.md", () => {
  const page = "docs/http-api.md";

  test("describes routes that the server answers", async () => {
    await using server = await startTestServer();
    const routes = Array.from(readPage(page).matchAll(/^### (GET|POST) (\/\S+)$/gm), ([, method = "", path = ""]) => ({
      method,
      path: path.replace("/:key", "/peerjs").replace("/:id", "/a-room"),
    }));
    expect(routes.length).toBeGreaterThan(10);
    const answers = await Promise.all(
      routes.map(async ({ method, path }) => {
        const { status } = await fetch(server.url + path, { method });
        return `${method} ${path} ${status === 404 || status === 405 ? status : "is answered"}`;
      }),
    );
    expect(answers).toEqual(routes.map(({ method, path }) => `${method} ${path} is answered`));
  });

  test("explains every code of a denial", () => {
    const [, union = ""] = /export type DenialCode =(.*?);/s.exec(read("src/auth/authorizer.ts")) ?? [];
    const codes = Array.from(union.matchAll(/^ *\| "([a-z-]+)"/gm), ([, code = ""]) => code);
    const [, section = ""] = /^\| `code` \| meaning \|\n(.*?)\n\n/ms.exec(readPage(page)) ?? [];
    const cells = section.split("\n").map((row) => row.split("|")[1] ?? "");
    const described = cells.flatMap((cell) => Array.from(cell.matchAll(/`([a-z-]+)`/g), ([, code = ""]) => code));
    expect(codes.length).toBeGreaterThan(10);
    expect(described.toSorted()).toEqual(codes.toSorted());
  });
});

test("docs/troubleshooting.md quotes messages that the program writes", () => {
  const quotes = Array.from(readPage("docs/troubleshooting.md").matchAll(/^> `(.+)`$/gm), ([, quote = ""]) => quote);
  expect(quotes.length).toBeGreaterThan(10);
  const isWritten = (quote: string) => quote.split("…").every((piece) => sources.includes(piece));
  expect(quotes.filter((quote) => !isWritten(quote))).toEqual([]);
});

test("the documentation names log events that the program writes", () => {
  const events = new Set(Array.from(sources.matchAll(/\bevent: "([a-z-]+)"/g), ([, event = ""]) => event));
  const named = docsPages().flatMap((page) =>
    Array.from(
      readPage(page).matchAll(
        /`([a-z]+(?:-[a-z]+)*-(?:failed|denied|refused|crashed|ignored|quarantined|sight|variable|recovered|discarded))`/g,
      ),
    ),
  );
  const names = named.map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !events.has(name) && !(name in problemKinds))).toEqual([]);
});

describe("the configuration files of the documentation", () => {
  const files = docsPages().flatMap((page) =>
    codeBlocks(page)
      .filter(({ language }) => language === "toml")
      .map(({ heading, code }) => [`${page}#${heading}`, code] as const),
  );

  test("are there", () => {
    expect(files.length).toBeGreaterThan(5);
  });

  test.each(files)("are valid: %s", async (path, text) => {
    const file = await parseConfigurationFile(options, { path, text, isReadableByOthers: false });
    // The files that they name hold a secret.
    const loaded = loadSettings({ environment: {}, flags: new Map(), readFile: () => "s".repeat(32), file });
    expect(loaded.ok ? [] : loaded.problems).toEqual([]);
  });
});
