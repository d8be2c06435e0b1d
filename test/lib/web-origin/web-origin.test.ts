import { expect, test } from "bun:test";
import { canonicalOrigin } from "../../../src/lib/web-origin/web-origin.ts";

test.each([
  ["https://app.example", "https://app.example"],
  ["https://app.example/", "https://app.example"],
  ["HTTPS://App.Example", "https://app.example"],
  ["https://app.example:443", "https://app.example"],
  ["http://app.example:80/", "http://app.example"],
  ["http://app.example:8080", "http://app.example:8080"],
  ["https://bücher.example", "https://xn--bcher-kva.example"],
  ["http://[::1]:3000", "http://[::1]:3000"],
  ["http://[0:0:0:0:0:0:0:1]", "http://[::1]"],
  ["capacitor://localhost", "capacitor://localhost"],
  ["tauri://localhost/", "tauri://localhost"],
  ["ionic://localhost", "ionic://localhost"],
  ["app://obsidian.md", "app://obsidian.md"],
  ["App://Obsidian.md", "app://obsidian.md"],
  ["chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"],
  ["moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab", "moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab"],
  ["vscode-webview://1a2b3c", "vscode-webview://1a2b3c"],
  ["null", "null"],
  ["NULL", "null"],
  ["file://", "file://"],
  ["file:///", "file://"],
])("the origin %s is %s", (text, origin) => {
  expect(canonicalOrigin(text)).toBe(origin);
});

test.each([
  "",
  "app.example",
  "localhost:5173",
  "https://app.example/path",
  "https://app.example/?a",
  "https://app.example#",
  "https://user@app.example",
  "https://",
  "capacitor://",
  "capacitor://localhost/path",
  "file:///home",
  "wss://app.example",
  "https://app.example https://other.example",
  "javascript:alert(1)",
])("%p is no origin", (text) => {
  expect(canonicalOrigin(text)).toBeUndefined();
});
