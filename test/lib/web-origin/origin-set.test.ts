import { describe, expect, test } from "bun:test";
import { isOriginPattern, OriginSet } from "../../../src/lib/web-origin/origin-set.ts";

const set = new OriginSet([
  "https://App.example:443/",
  "http://localhost:5173",
  "https://*.example.com",
  "https://*.example.org:8443",
  "capacitor://localhost",
  "vscode-webview://*",
]);

test.each([
  ["https://app.example", true],
  ["HTTPS://APP.EXAMPLE", true],
  ["https://app.example:443", true],
  ["http://app.example", false],
  ["https://app.example:8443", false],
  ["http://localhost:5173", true],
  ["http://localhost", false],
  ["https://a.example.com", true],
  ["https://A.Example.Com/", true],
  ["https://a.b.example.com", false],
  ["https://example.com", false],
  ["https://.example.com", false],
  ["https://a.example.com:444", false],
  ["http://a.example.com", false],
  ["https://evil.example/.example.com", false],
  ["https://evilexample.com", false],
  ["https://a.example.com.evil.example", false],
  ["https://a.example.org:8443", true],
  ["https://a.example.org", false],
  ["capacitor://localhost", true],
  ["ionic://localhost", false],
  ["vscode-webview://1a2b3c", true],
  ["vscode-webview://1a2b3c.evil", false],
  ["null", false],
  ["file://", false],
  ["", false],
])("a set of origins has %p: %p", (origin, expected) => {
  expect(set.has(origin)).toBe(expected);
});

test("a set has the opaque origin and local files when they are named", () => {
  expect(["null", "file://"].map((origin) => new OriginSet(["null"]).has(origin))).toEqual([true, false]);
  expect(["null", "file://", "file:///"].map((origin) => new OriginSet(["file:///"]).has(origin))).toEqual([
    false,
    true,
    true,
  ]);
});

test("a set is empty when it names no origin", () => {
  expect([new OriginSet([]).isEmpty, set.isEmpty, new OriginSet(["https://*.a.example"]).isEmpty]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ["app.example", true],
  ["a.example.com", true],
  ["a.example.org", true],
  ["localhost", true],
  ["example.com", false],
  ["a.b.example.com", false],
  ["evil.example", false],
])("an origin in the set has the host %p: %p", (hostname, expected) => {
  expect(set.hasHostname(hostname)).toBe(expected);
});

test("the name of a program or an extension is no host of a web site", () => {
  const programs = new OriginSet(["vscode-webview://*", "app://obsidian.md", "capacitor://localhost"]);
  expect(["anything", "obsidian.md", "localhost"].filter((hostname) => programs.hasHostname(hostname))).toEqual([]);
});

describe("an element of a set", () => {
  test.each([
    "https://*.example.com",
    "https://*.localhost:8080",
    "chrome-extension://*",
    "https://app.example",
    "null",
  ])("may be %s", (text) => {
    expect(isOriginPattern(text)).toBe(true);
  });

  test.each([
    "*",
    "https://*",
    "https://*.",
    "https://app.*.example.com",
    "https://app-*.example.com",
    "https://*.*.example.com",
    "https://*example.com",
    "http://localhost:*",
    "*://app.example",
    "https://app.example/path",
  ])("may not be %s", (text) => {
    expect(isOriginPattern(text)).toBe(false);
  });
});
