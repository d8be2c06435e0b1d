import { expect, test } from "bun:test";
import { shareLinks } from "../../src/web/demo/invite/share-links.ts";
import { highlight } from "../../src/web/shared/code/highlight.ts";
import { type SnippetFacts, snippets } from "../../src/web/shared/code/snippets.ts";
import { webSocketUrls } from "../../src/web/shared/server-addresses.ts";

const facts: SnippetFacts = {
  room: "notes & more/1",
  urls: webSocketUrls(new URL("https://collab.example/yurt/")),
  isSyncServed: true,
  isProtected: false,
  token: undefined,
  password: undefined,
};

test("there is code for each way to use the server, with its own URL", () => {
  const labels = snippets(facts).map(({ label }) => label);
  expect(labels).toEqual(["y-websocket", "Hocuspocus", "y-webrtc", "Both", "React"]);
  for (const { code, label } of snippets(facts))
    expect([label, code]).toEqual([label, expect.stringContaining("wss://collab.example/yurt/")]);
});

test("a server without storage, and a room with a password, have y-webrtc only", () => {
  expect(snippets({ ...facts, isSyncServed: false }).map(({ id }) => id)).toEqual(["y-webrtc"]);
  const [only, ...others] = snippets({ ...facts, password: 'open "sesame"' });
  expect(others).toEqual([]);
  expect(only?.code).toContain('password: "open \\"sesame\\""');
});

test("a token for reading only gets no code for y-webrtc, where nothing enforces it", () => {
  const ids = snippets({ ...facts, isProtected: true, isReadOnly: true, token: "a.b.c" }).map(({ id }) => id);
  expect(ids).toEqual(["y-websocket", "hocuspocus", "react"]);
});

test("where a token is required, each code passes one on, and the page's own if it has one", () => {
  for (const { code } of snippets({ ...facts, isProtected: true, token: "a.b.c" })) {
    expect(code).toContain('const token = "a.b.c";');
    expect(code.match(/\btoken\b/g)?.length).toBeGreaterThan(1);
  }
  for (const { code } of snippets({ ...facts, isProtected: true }))
    expect(code).toContain("yurt token 'notes & more/1'");
  for (const { code } of snippets(facts)) expect(code).not.toContain("token");
});

test("the packages to install are those that the code imports", () => {
  for (const { code, install } of snippets(facts)) {
    const imported = [...code.matchAll(/from "([^"]+)"/g)].map(([, name = ""]) => name);
    expect(install.split(" ").sort()).toEqual(imported.sort());
  }
});

test("coloured code is the same code", () => {
  for (const { code } of snippets({ ...facts, isProtected: true })) {
    expect(
      highlight(code)
        .map(({ text }) => text)
        .join(""),
    ).toBe(code);
  }
  expect(highlight('const url = "ws://a"; // note').map(({ kind }) => kind)).toEqual([
    "keyword",
    "plain",
    "string",
    "plain",
    "comment",
  ]);
});

test("others get the address that they can reach, and never the token", () => {
  const config = { publicUrl: undefined, networkUrls: ["http://192.0.2.7:4444/"] };
  const hrefs = (link: string, difference: Partial<typeof config> | { publicUrl: string } = {}) =>
    shareLinks(new URL(link), { ...config, ...difference }).map(({ href }) => href);
  const local = "http://127.0.0.1:4444/?room=a#token=x";
  expect(hrefs(local)).toEqual(["http://192.0.2.7:4444/?room=a"]);
  expect(hrefs(local, { networkUrls: [] })).toEqual(["http://127.0.0.1:4444/?room=a"]);
  expect(hrefs(local, { publicUrl: "https://collab.example" })).toEqual(["https://collab.example/?room=a"]);
  expect(hrefs("http://192.0.2.9:4444/?room=a#token=x")).toEqual(["http://192.0.2.9:4444/?room=a"]);
});
