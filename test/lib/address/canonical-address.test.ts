import { expect, test } from "bun:test";
import { canonicalAddress } from "../../../src/lib/address/canonical-address.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::1", "::1"],
  ["[::1]", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["2001:0DB8:0:0::0001", "2001:db8::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["::ffff:0:1", "0.0.0.1"],
  ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ["fe80::1%eth0", "fe80::1"],
  ["::", "::"],
])("the address %s is %s", (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
});

test.each(["", "localhost", "127.1", "192.0.2.256", "192.0.2.1:80", "[::1]:80"])("%p is no address", (text) => {
  expect(canonicalAddress(text)).toBeUndefined();
});
