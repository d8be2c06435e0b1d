import { expect, test } from "bun:test";
import { AddressCounts } from "../../../src/lib/address/address-counts.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";

const counts = () => new AddressCounts({ addresses: new CountedAddresses(), limit: 3 });

test("the clients of one address hold no more than its limit together, until they give some up", () => {
  const held = counts();
  expect([held.take("192.0.2.1", 2), held.take("192.0.2.1", 2), held.take("192.0.2.1")]).toEqual([true, false, true]);
  expect([held.hasRoomFor("192.0.2.1"), held.take("192.0.2.2", 3)]).toEqual([false, true]);
  held.remove("192.0.2.1", 2);
  expect([held.take("192.0.2.1", 3), held.take("192.0.2.1", 2)]).toEqual([false, true]);
});

test("a /64 of IPv6 is one address, and this machine has no limit", () => {
  const held = counts();
  expect([held.take("2001:db8::1", 3), held.take("2001:db8::2")]).toEqual([true, false]);
  expect([held.take("127.0.0.1", 3), held.take("127.0.0.1", 3)]).toEqual([true, true]);
});
