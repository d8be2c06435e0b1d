import { expect, test } from "bun:test";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";

test.each([
  ["198.51.100.7", "198.51.100.7"],
  ["::ffff:198.51.100.7", "198.51.100.7"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["10.0.0.5", "10.0.0.5"],
  ["127.0.0.1", undefined],
  ["::1", undefined],
  ["::ffff:127.0.0.1", undefined],
])("a client at %s counts as %p", (address, key) => {
  expect(new CountedAddresses().keyOf(address)).toBe(key);
});

test.each([
  "10.0.0.5",
  "172.31.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.1.1",
  "fd00::1",
  "fe80::1",
  "::ffff:10.0.0.5",
])("the limits of a proxy at %s are lifted, and of no other address", (proxy) => {
  const addresses = new CountedAddresses();
  expect([addresses.lift(proxy), addresses.lift(proxy)]).toEqual([true, true]);
  expect(addresses.keyOf(proxy)).toBeUndefined();
  expect(addresses.keyOf("10.9.9.9")).toBe("10.9.9.9");
});

test.each(["127.0.0.1", "::1"])("%s has no limits, which a proxy there is told", (address) => {
  expect(new CountedAddresses().lift(address)).toBeTrue();
});

test("the limits of a whole /64 are lifted, since it is counted as one address", () => {
  const addresses = new CountedAddresses();
  expect(addresses.lift("fd00::1")).toBeTrue();
  expect([addresses.keyOf("fd00::2"), addresses.keyOf("fd00:0:0:1::2")]).toEqual([undefined, "fd00:0:0:1::/64"]);
});

test.each(["198.51.100.7", "172.32.0.1", "2001:db8::1", ""])("the limits of %p, a public address, stay", (address) => {
  const addresses = new CountedAddresses();
  expect(addresses.lift(address)).toBeFalse();
  expect(addresses.keyOf(address)).toBeDefined();
});

test("no more proxies than a thousand are remembered", () => {
  const addresses = new CountedAddresses();
  const all = Array.from({ length: 1_001 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  expect(all.filter((address) => addresses.lift(address))).toHaveLength(1_000);
  expect(addresses.keyOf("10.0.0.0")).toBeUndefined();
  expect(addresses.keyOf("10.0.3.232")).toBe("10.0.3.232");
});
