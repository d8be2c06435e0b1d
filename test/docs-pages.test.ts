import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { banner } from "../src/cli/output/banner.ts";
import { turnEndpoint } from "../src/cli/server/turn-endpoint.ts";
import { version } from "../src/cli/version.ts";
import { codeBlocks, docsPages, readPage, snippetsOf } from "./support/docs-snippets.ts";
import { startTestServer } from "./support/servers/start-test-server.ts";

const root = join(import.meta.dir, "..");
const pages = docsPages();
const clientPages = pages.filter((page) => page.startsWith("docs/clients/"));

/** The text of a page without code blocks and code spans. */
function prose(page: string): string {
  return readPage(page)
    .replaceAll(/^\s*(`{3,}|~{3,}).*?^\s*\1\s*$/gms, "")
    .replaceAll(/(`+).+?\1/gs, "");
}

/** The targets of a page's links and images. */
function linksOf(page: string): readonly string[] {
  return Array.from(prose(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target);
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = readPage(page).replaceAll(/^\s*(`{3,}|~{3,}).*?^\s*\1\s*$/gms, "");
  const headings = Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => heading.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
}

/** The fault of a link, or undefined. */
function faultOf(page: string, target: string): string | undefined {
  if (/^https?:/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(root, file))) return `${page}: there is no file ${file}`;
  if (anchor === undefined || anchorsOf(file).has(anchor)) return undefined;
  return `${page}: ${file} has no heading for #${anchor}`;
}

function packagesInstalledBy(page: string): ReadonlySet<string> {
  const commands = codeBlocks(page).map(({ code }) => code.replaceAll("\\\n", " "));
  const lines = commands.flatMap((code) => code.match(/^npm install .*$/gm) ?? []);
  const named = lines.flatMap((line) => line.split(/\s+/).slice(2));
  // A file of a release: `./yurt-client-0.1.0.tgz`.
  return new Set(named.map((name) => /^\.\/(.+)-\d+\.\d+\.\d+\.tgz$/.exec(name)?.[1] ?? name));
}

describe("the documentation", () => {
  test("links to files and headings that exist", () => {
    expect(pages.flatMap((page) => linksOf(page).flatMap((target) => faultOf(page, target) ?? []))).toEqual([]);
  });

  test("lists every page in docs/README.md", () => {
    const listed = new Set(linksOf("docs/README.md").map((target) => join("docs", target)));
    expect(pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md" && !listed.has(page))).toEqual(
      [],
    );
  });

  test("has a README of at most 1,200 words, with the commands to start and to test near its top", () => {
    const readme = readPage("README.md");
    expect(readme.split(/\s+/).filter((word) => word !== "").length).toBeLessThanOrEqual(1_200);
    const top = readme.split("\n").slice(0, 15).join("\n");
    for (const command of ["npm start", "bun start", "npm test -- --install", "bun run test --install"]) {
      expect(top).toContain(command);
    }
  });

  test("shows in the README the banner that the server prints on a terminal", async () => {
    const shown = codeBlocks("README.md").find(({ code }) => code.startsWith("$ ./yurt\n"))?.code ?? "";
    const endpoints = Array.from(shown.matchAll(/─ (\S+) +(\S.*)$/gm), ([, label = "", url = ""]) => ({ label, url }));
    await using server = await startTestServer({ turn: {} });
    const ofTurn = turnEndpoint({ listening: server.turn.listening, advertised: ["own"] }).map(({ label }) => label);
    expect(endpoints.map(({ label }) => label)).toEqual([...server.endpoints, ...ofTurn]);
    const printed = banner({
      version,
      readyMs: 31,
      endpoints,
      data: { folder: "./yurt-data", isNew: true },
      networkUrls: [],
      isLoopback: true,
      mode: "open",
    });
    expect(shown).toBe(`$ ./yurt\n\n${printed.trimEnd()}\n`);
  });

  test.each(clientPages)("%s shows how to install every package that its snippets import", (page) => {
    const transpiler = new Bun.Transpiler({ loader: "jsx" });
    const imports = [...snippetsOf(page).values()].flatMap((code) => transpiler.scanImports(code));
    const packages = imports.map(({ path }) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
    const installed = packagesInstalledBy(page);
    expect(packages.filter((name) => !installed.has(name))).toEqual([]);
  });
});
