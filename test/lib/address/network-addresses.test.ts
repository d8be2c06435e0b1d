import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { networkAddresses } from "../../../src/lib/address/network-addresses.ts";

test("only a listener on all addresses has network addresses, none of them loopback or link-local", () => {
  for (const host of ["127.0.0.1", "::1", "192.0.2.1", "localhost"]) expect(networkAddresses(host)).toEqual([]);
  for (const host of ["0.0.0.0", "::"]) {
    expect(networkAddresses(host).filter((address) => /^(127\.|::1$|169\.254\.|fe80:)/.test(address))).toEqual([]);
  }
  expect(
    networkAddresses("0.0.0.0")
      .map(isIP)
      .filter((version) => version !== 4),
  ).toEqual([]);
});
