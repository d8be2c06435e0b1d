import { expect, test } from "bun:test";
import { clientAddress } from "../../src/transport/forwarded-address.ts";

const proxies = new Set(["127.0.0.1", "192.0.2.1"]);

test.each([
  ["a client that forwards nothing", "198.51.100.7", null, "198.51.100.7"],
  ["a client that claims to be another", "198.51.100.7", "203.0.113.9", "198.51.100.7"],
  ["a proxy that names nobody", "127.0.0.1", null, "127.0.0.1"],
  ["a proxy that names a client", "127.0.0.1", "198.51.100.7", "198.51.100.7"],
  ["a proxy in IPv6's writing", "::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"],
  ["a client that claims to be another, behind a proxy", "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
  ["two proxies", "127.0.0.1", "198.51.100.7, 192.0.2.1", "198.51.100.7"],
  ["proxies alone", "127.0.0.1", "192.0.2.1", "127.0.0.1"],
  ["an empty list", "127.0.0.1", "", "127.0.0.1"],
  ["an address with a port", "127.0.0.1", "198.51.100.7:50000", "198.51.100.7"],
  ["an IPv6 address", "127.0.0.1", "2001:db8::7", "2001:db8::7"],
  ["an IPv6 address in brackets", "127.0.0.1", "[2001:db8::7]:50000", "2001:db8::7"],
])("%s is known by its address", (_, peer, forwardedFor, address) => {
  expect(clientAddress(peer, forwardedFor, proxies)).toBe(address);
});
