import { expect, test } from "bun:test";
import { whyNotLocal } from "../../../src/lib/address/local-request.ts";

const host = "127.0.0.1:4444";

test.each<[string, Record<string, string>]>([
  ["a program", {}],
  ["a page of this server", { "sec-fetch-site": "same-origin" }],
  ["a page of another port of this machine", { "sec-fetch-site": "same-site" }],
  ["a person who types the address", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
  // Whether its origin may read answers is decided elsewhere.
  ["a page of localhost, which is another site", { "sec-fetch-site": "cross-site", origin: "http://localhost:5173" }],
])("%s sends requests of this machine", (_, headers) => {
  expect(whyNotLocal("127.0.0.1", new Headers({ host, ...headers }))).toBeUndefined();
});

test.each<[string, Record<string, string>, string]>([
  ["from another machine", {}, "192.0.2.1"],
  ["for another host", { host: "yurt.example" }, "127.0.0.1"],
  ["that a proxy has forwarded", { "x-forwarded-for": "192.0.2.1" }, "127.0.0.1"],
  ["for an image in a foreign page", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, "127.0.0.1"],
])("a request %s is none of this machine", (_, headers, remoteAddress) => {
  expect(whyNotLocal(remoteAddress, new Headers({ host, ...headers }))).toMatch(/^the request /);
});
