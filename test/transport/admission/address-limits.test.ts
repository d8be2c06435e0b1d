import { expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { AddressLimits } from "../../../src/transport/admission/address-limits.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  const limits = { ...defaultLimits, connectionsPerAddress: 3, addressUpgradeBurst: 5, addressUpgradesPerSecond: 2 };
  const counted = new CountedAddresses();
  const addresses = new AddressLimits({ addresses: counted, limits, clock });
  const connect = (address: string) => {
    const refusal = addresses.refuse(address);
    if (refusal === undefined) addresses.opened(address);
    return refusal;
  };
  return { clock, counted, addresses, connect };
}

test("an address has no more connections than its limit, until one of them closes", () => {
  const { addresses, connect } = open();
  const tries = [1, 2, 3, 4].map(() => connect("192.0.2.1"));
  expect(tries).toEqual([undefined, undefined, undefined, "address-connections"]);
  expect(connect("192.0.2.2")).toBeUndefined();
  addresses.closed("192.0.2.1");
  expect(connect("192.0.2.1")).toBeUndefined();
});

test("an address connects no faster than its rate, except for its burst; a connection over the limit costs no token", () => {
  const { clock, addresses, connect } = open();
  const comeAndGo = () => {
    const refusal = connect("192.0.2.1");
    if (refusal === undefined) addresses.closed("192.0.2.1");
    return refusal;
  };
  expect([1, 2, 3, 4, 5, 6].map(comeAndGo)).toEqual([...Array(5).fill(undefined), "address-rate"]);
  clock.advance(499);
  expect(comeAndGo()).toBe("address-rate");
  clock.advance(1);
  expect(comeAndGo()).toBeUndefined();
});

test("the addresses of one /64 are one address, and so are both spellings of an IPv4 address", () => {
  const { connect } = open();
  const tries = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3", "2001:db8::4", "2001:db8:0:1::1"].map(connect);
  expect(tries).toEqual([undefined, undefined, undefined, "address-connections", undefined]);
  for (const address of ["192.0.2.9", "::ffff:192.0.2.9", "192.0.2.9"]) connect(address);
  expect(connect("::ffff:192.0.2.9")).toBe("address-connections");
});

test.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])("this machine's own %s has no limit", (address) => {
  const { connect } = open();
  expect(Array.from({ length: 100 }, () => connect(address)).every((refusal) => refusal === undefined)).toBe(true);
});

test("a proxy whose limits are lifted while clients are connected has none, then and afterwards", () => {
  const { counted, addresses, connect } = open();
  for (let count = 0; count < 3; count += 1) connect("10.0.0.5");
  expect(connect("10.0.0.5")).toBe("address-connections");
  counted.lift("10.0.0.5");
  const tries = Array.from({ length: 100 }, () => connect("10.0.0.5"));
  expect(tries.every((refusal) => refusal === undefined)).toBeTrue();
  for (let count = 0; count < 103; count += 1) addresses.closed("10.0.0.5");
  expect(addresses.isFull("10.0.0.5")).toBeFalse();
});

test("a class of 500 pages with two connections each fits one address by default, all at once with one each", () => {
  const addresses = new AddressLimits({
    addresses: new CountedAddresses(),
    limits: defaultLimits,
    clock: new FakeClock(),
  });
  for (let count = 0; count < 500; count += 1) {
    expect(addresses.refuse("192.0.2.1")).toBeUndefined();
    addresses.opened("192.0.2.1");
  }
  expect(addresses.isFull("192.0.2.1")).toBeFalse();
});

test("clients that were connected before the limits of their /64 were lifted take no place from its other addresses", () => {
  const { counted, addresses, connect } = open();
  for (let count = 0; count < 3; count += 1) connect("fd00::1");
  counted.lift("fd00::1");
  for (let count = 0; count < 3; count += 1) addresses.closed("fd00::1");
  expect(connect("fd00::2")).toBeUndefined();
});
