import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Assets, AssetsNotBuilt, type Manifest, openAssets } from "../../../src/transport/pages/assets.ts";

const html = "text/html;charset=utf-8";
const javascript = "text/javascript;charset=utf-8";
const page = { path: "/", file: "index-1.html", type: html, hash: "p1", isImmutable: false } as const;
const script = { path: "/main-2.js", file: "main-2.js", type: javascript, hash: "s2", isImmutable: true } as const;
const icon = { path: "/icon-3.svg", file: "icon-3.svg", type: "image/svg+xml", hash: "i3", isImmutable: true } as const;
const contents = {
  "index-1.html": "page",
  "index-1.html.br": "page, br",
  "index-1.html.gzip": "page, gzip",
  "main-2.js": "script",
  "main-2.js.br": "script, br",
  "main-2.js.gzip": "script, gzip",
  "icon-3.svg": "icon",
  "unlisted.txt": "unlisted",
};

let folder: string;
let assets: Assets;

const writeManifest = (manifest: Manifest) => Bun.write(join(folder, "manifest.json"), JSON.stringify(manifest));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "yurt-assets-"));
  for (const [name, text] of Object.entries(contents)) await Bun.write(join(folder, name), text);
  const encodings: Manifest["files"][number]["encodings"] = ["br", "gzip"];
  await writeManifest({
    files: [
      { ...page, encodings },
      { ...script, encodings },
      { ...icon, encodings: [] },
    ],
  });
  assets = openAssets({ path: folder });
});

afterAll(() => rm(folder, { recursive: true }));

function request(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response | undefined> {
  return assets(new Request(`http://127.0.0.1:4444${path}`, { method, headers }));
}

async function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  const response = await request(path, headers, method);
  if (response === undefined) throw new Error(`${path} is not answered`);
  return response;
}

describe("the page", () => {
  test.each([
    [{}, "page", '"p1"', null],
    [{ "accept-encoding": "gzip, br" }, "page, br", '"p1-br"', "br"],
    [{ "accept-encoding": "gzip" }, "page, gzip", '"p1-gzip"', "gzip"],
    [{ "accept-encoding": "br;q=0, gzip;q=0.1" }, "page, gzip", '"p1-gzip"', "gzip"],
  ])("asked for with %p is %p", async (headers, body, etag, encoding) => {
    const response = await get("/", headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "no-cache",
      "content-length": String(body.length),
      "content-type": html,
      "cross-origin-opener-policy": "same-origin",
      etag,
      "referrer-policy": "no-referrer",
      vary: "accept-encoding",
      "x-content-type-options": "nosniff",
    });
    expect(await response.text()).toBe(body);
  });

  test.each([
    ['"p1-br"', 304],
    ['W/"p1-br"', 304],
    ['"old", "p1-br"', 304],
    ["*", 304],
    ['"p1"', 200],
    ['"old"', 200],
  ])("is sent again or not: If-None-Match %p answers %i", async (tags, status) => {
    const response = await get("/", { "accept-encoding": "br", "if-none-match": tags });
    expect(response.status).toBe(status);
    expect(response.headers.get("etag")).toBe('"p1-br"');
    expect(await response.text()).toBe(status === 304 ? "" : "page, br");
  });

  test("may load from its own server only, and open sockets to it only", async () => {
    const policy = (await get("/")).headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toEqual([
      "default-src 'self'",
      "connect-src 'self' ws://127.0.0.1:4444 wss://127.0.0.1:4444",
      "img-src 'self' data: blob:",
      "style-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'self'",
      "object-src 'none'",
    ]);
  });

  test.each([
    ["http://[::1]:80/", " ws://[::1] wss://[::1]"],
    ["http://LOCALHOST/", " ws://localhost wss://localhost"],
    ["http://a;script-src/", ""],
    ["http://a'b/", ""],
    ["http://a,b/", ""],
    ["http://*/", ""],
    ["http://*.example.com/", ""],
  ])("asked for as %s may open the sockets%p", async (url, sockets) => {
    const policy = (await assets(new Request(url)))?.headers.get("content-security-policy");
    expect(policy?.split("; ")[1]).toBe(`connect-src 'self'${sockets}`);
  });

  test("behind a proxy that changes the host may open sockets under the public name too", async () => {
    const proxied = openAssets({ path: folder, hosts: ["collab.example:8443"] });
    const policy = (await proxied(new Request("http://127.0.0.1:4444/")))?.headers.get("content-security-policy");
    const [here, there] = ["127.0.0.1:4444", "collab.example:8443"];
    expect(policy?.split("; ")[1]).toBe(`connect-src 'self' ws://${here} wss://${here} ws://${there} wss://${there}`);
  });
});

describe("a file with a hashed name", () => {
  test("may be kept for ever", async () => {
    const response = await get("/main-2.js", { "accept-encoding": "br" });
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("content-type")).toBe(javascript);
    expect(await response.text()).toBe("script, br");
  });

  test("that no encoding makes smaller is sent uncompressed", async () => {
    const response = await get("/icon-3.svg", { "accept-encoding": "br, gzip" });
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toBe("icon");
  });
});

describe("methods", () => {
  test.each(["/", "/main-2.js"])("HEAD %s has the headers of GET and no body", async (path) => {
    const [head, full] = [await get(path, {}, "HEAD"), await get(path)];
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(full.headers));
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("%s is not allowed", async (method) => {
    const response = await get("/", {}, method);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("over a socket", () => {
  test.each([
    ["GET", "/../", 200],
    ["GET", "/%2e%2e/", 200],
    ["GET", "/main-2.js?query", 200],
    ["GET", "//", 404],
    ["GET", "/../../etc/passwd", 404],
    ["GET", "/..%2f..%2fetc%2fpasswd", 404],
    ["GET", "/%00", 404],
    ["GET", "/main-2.js%00.html", 404],
    ["GET", "/main-2.js/", 404],
    ["GET", "/MAIN-2.JS", 404],
    ["GET", "/main-2.js.br", 404],
    ["GET", "/index-1.html", 404],
    ["GET", "/manifest.json", 404],
    ["GET", "/unlisted.txt", 404],
    ["GET", "/__proto__", 404],
    ["GET", "/%zz", 404],
    ["HEAD", "/", 200],
    ["POST", "/unlisted.txt", 404],
  ])("%s %s answers %i", async (method, path, status) => {
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (asked) => (await assets(asked)) ?? new Response("", { status: 404 }),
    });
    const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`;
    const { promise: answered, resolve } = Promise.withResolvers<string>();
    let answer = "";
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port ?? 0,
      socket: {
        open: (socket) => void socket.write(head),
        data: (_, bytes) => {
          answer += bytes.toString();
        },
        close: () => resolve(answer),
      },
    });
    const [start, body] = (await answered).split("\r\n\r\n");
    expect(start).toStartWith(`HTTP/1.1 ${status} `);
    if (method === "HEAD") expect([/content-length: (\d+)/i.exec(start ?? "")?.[1], body]).toEqual(["4", ""]);
  });
});

describe("from source", () => {
  test("a page is rebuilt before it is answered, a hashed file is not", async () => {
    let builds = 0;
    const refresh = async () => {
      builds += 1;
      await Bun.write(join(folder, "index-1.html"), `page ${builds}`);
    };
    const developed = openAssets({ path: folder, refresh });
    const text = async (path: string) => (await developed(new Request(`http://127.0.0.1${path}`)))?.text();
    expect([await text("/"), await text("/main-2.js"), await text("/")]).toEqual(["page 1", "script", "page 2"]);
    await Bun.write(join(folder, "index-1.html"), contents["index-1.html"]);
  });

  test("a page that cannot be built shows the reason until it can", async () => {
    let trouble: string | undefined = "main.tsx:1:1: <b>";
    const refresh = async () => {
      if (trouble !== undefined) throw new AssetsNotBuilt(trouble);
    };
    const developed = openAssets({ path: folder, refresh });
    const response = await developed(new Request("http://127.0.0.1/"));
    expect([response?.status, await response?.text()]).toEqual([500, trouble]);
    expect(response?.headers.get("content-type")).toBe("text/plain;charset=utf-8");
    trouble = undefined;
    expect((await developed(new Request("http://127.0.0.1/")))?.status).toBe(200);
  });
});
