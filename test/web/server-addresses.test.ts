import { expect, test } from "bun:test";
import { publicAddressOf, webSocketUrls } from "../../src/web/shared/server-addresses.ts";

test.each([
  ["http://127.0.0.1:4444/?room=a#token=b", "ws://127.0.0.1:4444/sync", "ws://127.0.0.1:4444/signal"],
  ["https://collab.example/", "wss://collab.example/sync", "wss://collab.example/signal"],
  ["https://example.com/yurt/?room=a", "wss://example.com/yurt/sync", "wss://example.com/yurt/signal"],
])("the page at %s connects to its own server", (page, sync, signal) => {
  expect(webSocketUrls(new URL(page))).toEqual({ sync, signal });
});

test.each([
  [undefined, "http://127.0.0.1:4444/?room=a#token=b"],
  ["https://collab.example/", "https://collab.example/?room=a#token=b"],
  ["https://example.com/yurt", "https://example.com/yurt/?room=a#token=b"],
])("the page is shown to others at the public URL %p as %s", (publicUrl, expected) => {
  const address = new URL("http://127.0.0.1:4444/?room=a#token=b");
  expect(publicAddressOf(address, publicUrl).href).toBe(expected);
});
