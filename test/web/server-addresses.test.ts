import { expect, test } from "bun:test";
import { publicAddressOf, webSocketUrls } from "../../src/web/shared/server-addresses.ts";

test.each([
  ["http://127.0.0.1:4444/?room=a#token=b", "ws://127.0.0.1:4444"],
  ["https://collab.example/", "wss://collab.example"],
  ["https://example.com/yurt/?room=a", "wss://example.com/yurt"],
])("the page at %s connects to its own server", (page, base) => {
  const urls = { sync: `${base}/sync`, collab: `${base}/collab`, signal: `${base}/signal` };
  expect(webSocketUrls(new URL(page))).toEqual(urls);
});

test.each([
  [undefined, "http://127.0.0.1:4444/?room=a#token=b"],
  ["https://collab.example/", "https://collab.example/?room=a#token=b"],
  ["https://example.com/yurt", "https://example.com/yurt/?room=a#token=b"],
])("the page is shown to others at the public URL %p as %s", (publicUrl, expected) => {
  const address = new URL("http://127.0.0.1:4444/?room=a#token=b");
  expect(publicAddressOf(address, publicUrl).href).toBe(expected);
});
