import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type AssetsBuild, areAssetsFresh, buildAssets, firstLoadBytes } from "../../scripts/build-assets.ts";

const page = `<!doctype html>
<html lang="en">
  <head>
    <title>A page</title>
    <link rel="icon" href="./dot.svg" />
    <link rel="stylesheet" href="./style.css" />
    <script type="module" src="./main.ts"></script>
  </head>
  <body><a href="https://yjs.dev">Yjs</a></body>
</html>
`;
const files = {
  "index.html": page,
  "style.css": Array.from({ length: 30 }, (_, index) => `.a${index} { margin: ${index}px; }`).join("\n"),
  "dot.svg": '<svg xmlns="http://www.w3.org/2000/svg"><rect width="1" height="1"/></svg>',
  "main.ts": 'document.title = ["a", "b"].map((text: string) => text.toUpperCase()).join(", ");',
};

let parent: string;
let build: AssetsBuild;

const write = (name: string, text: string) => Bun.write(join(parent, "src", name), text);

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-build-assets-"));
  for (const [name, text] of Object.entries(files)) await write(name, text);
  build = {
    pages: [{ path: "/", entry: join(parent, "src", "index.html") }],
    folder: join(parent, "web"),
    sources: [join(parent, "src")],
    encodings: ["br", "gzip"],
    firstLoadLimitBytes: 250_000,
  };
});

afterEach(() => rm(parent, { recursive: true }));

describe("the build of a page", () => {
  test("names every loaded file by its content and refers to it relative to the page", async () => {
    const built = await buildAssets(build);
    expect(built.map(({ asset }) => asset.path.replace(/-[a-z0-9]{8}\./, "-*.")).sort()).toEqual([
      "/",
      "/dot-*.svg",
      "/index-*.css",
      "/index-*.js",
    ]);
    const text = await Bun.file(
      join(build.folder, built.find(({ asset }) => asset.path === "/")?.asset.file ?? ""),
    ).text();
    const loaded = [...text.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g)].map(([, path]) => path);
    expect(loaded).toHaveLength(3);
    for (const path of loaded)
      expect(built.find(({ asset }) => `.${asset.path}` === path)?.asset.isImmutable).toBeTrue();
  });

  test("compresses each file that becomes smaller, and decompresses to the same bytes", async () => {
    const built = await buildAssets(build);
    const style = built.find(({ asset }) => asset.path.endsWith(".css"));
    expect(style?.asset.encodings).toEqual(["br", "gzip"]);
    const read = async (ending: string) => Bun.file(join(build.folder, `${style?.asset.file}${ending}`)).bytes();
    const identity = Buffer.from(await read(""));
    expect(brotliDecompressSync(await read(".br"))).toEqual(identity);
    expect(gunzipSync(await read(".gzip"))).toEqual(identity);
    const best = built
      .filter(({ asset }) => !asset.path.endsWith(".svg"))
      .map(({ sizes }) => Math.min(...Object.values(sizes)));
    expect(firstLoadBytes(built, "/")).toBe(best.reduce((sum, bytes) => sum + bytes));
  });

  test("of two pages shares the files that both name, and bounds the first load of each", async () => {
    await write("other.html", page.replace("./main.ts", "./other.ts").replace("./style.css", "./other.css"));
    await write("other.ts", `document.title = ${JSON.stringify("other ".repeat(50))};`);
    await write("other.css", ".other { margin: 1px; }");
    const both = { ...build, pages: [...build.pages, { path: "/other", entry: join(parent, "src", "other.html") }] };
    const built = await buildAssets(both);
    const named = (path: string) => built.filter(({ pages }) => pages.includes(path)).map(({ asset }) => asset.path);
    expect(named("/")).toContain("/");
    expect(named("/other")).toContain("/other");
    expect(named("/").filter((path) => named("/other").includes(path))).toEqual([
      expect.stringMatching(/^\/dot-.*\.svg$/),
    ]);
    const larger = Math.max(firstLoadBytes(built, "/"), firstLoadBytes(built, "/other"));
    await expect(buildAssets({ ...both, firstLoadLimitBytes: larger - 1 })).rejects.toThrow("over the limit");
  });

  test("is the same for the same sources, and removes files of earlier builds", async () => {
    await buildAssets(build);
    const first = (await readdir(build.folder)).sort();
    await write("main.ts", "document.title = 'changed';");
    await buildAssets(build);
    expect((await readdir(build.folder)).sort()).not.toEqual(first);
    await write("main.ts", files["main.ts"]);
    await buildAssets(build);
    expect((await readdir(build.folder)).sort()).toEqual(first);
    expect((await readdir(parent)).sort()).toEqual(["src", "web"]);
  });

  test("is fresh until a source changes, disappears or appears, whatever its time", async () => {
    expect(await areAssetsFresh(build)).toBeFalse();
    const fresh = async () => {
      await buildAssets(build);
      expect(await areAssetsFresh(build)).toBeTrue();
    };
    await fresh();
    const later = new Date(Date.now() + 60_000);
    await utimes(join(parent, "src", "style.css"), later, later);
    expect(await areAssetsFresh(build)).toBeFalse();
    await fresh();
    await utimes(join(parent, "src", "style.css"), new Date(0), new Date(0));
    expect(await areAssetsFresh(build)).toBeFalse();
  });

  test.each([
    ["index.html", page.replace("<title>", '<script src="https://cdn.example.com/a.js"></script><title>')],
    ["index.html", page.replace("<title>", '<link rel="preconnect" href="//fonts.example.com"><title>')],
    ["style.css", 'body { background: url("https://example.com/dot.png"); }'],
    ["style.css", '@import "https://example.com/style.css";'],
    ["main.ts", 'new WebSocket("wss://signaling.example.com");'],
    ["main.ts", 'new RTCPeerConnection({ iceServers: [{ urls: "stun:stun.example.com:3478" }] });'],
  ])("fails when %s loads from another host or connects to it: %p", async (name, text) => {
    await write(name, text);
    await expect(buildAssets(build)).rejects.toThrow("names a foreign host");
    expect(await areAssetsFresh(build)).toBeFalse();
  });

  test("fails when the first load is too large, and keeps the previous build", async () => {
    await buildAssets(build);
    const before = await readdir(build.folder);
    await write("main.ts", "document.title = 'changed';");
    await expect(buildAssets({ ...build, firstLoadLimitBytes: 100 })).rejects.toThrow("over the limit of 100");
    expect(await readdir(build.folder)).toEqual(before);
  });

  test("fails with the place of a mistake", async () => {
    await write("main.ts", "const = 1;");
    const error: unknown = await buildAssets(build).catch((caught) => caught);
    expect(error).toBeInstanceOf(AggregateError);
    expect(Bun.inspect(error)).toContain("main.ts:1:7");
  });
});
