import { expect, test } from "bun:test";
import { isPrivateAddress } from "../../../src/lib/address/private-address.ts";

test.each([
  ...["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254"],
  ...["fd12:3456::1", "fe80::1%eth0", "::ffff:10.0.0.1", "[fd00::1]"],
])("%s is an address of a private network", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each([
  ...["8.8.8.8", "172.32.0.1", "100.128.0.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "203.0.113.1"],
  ...["::1", "2606:4700::1", "::ffff:8.8.8.8", "localhost"],
])("%s is not", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});
