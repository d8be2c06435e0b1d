import { expect, test } from "bun:test";
import { authorityOf, reachableHost } from "../../../src/lib/address/authority.ts";

test.each([
  ["127.0.0.1", "127.0.0.1:4444"],
  ["localhost", "localhost:4444"],
  ["::1", "[::1]:4444"],
  ["0.0.0.0", "127.0.0.1:4444"],
  ["::", "127.0.0.1:4444"],
])("a server on %s is reached at %s", (host, authority) => {
  expect(authorityOf(reachableHost(host), 4444)).toBe(authority);
});
