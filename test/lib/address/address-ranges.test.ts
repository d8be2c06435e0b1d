import { describe, expect, test } from "bun:test";
import { AddressRanges, isAddressRange } from "../../../src/lib/address/address-ranges.ts";

describe("a set of addresses", () => {
  const ranges = ["127.0.0.1", "10.0.0.0/8", "172.16.0.0/12", "2001:db8::1", "fd00::/8", "2001:db8:8000::/33"];

  test.each([
    ["127.0.0.1", true],
    ["127.0.0.2", false],
    ["10.255.255.255", true],
    ["11.0.0.0", false],
    ["9.255.255.255", false],
    ["172.31.255.255", true],
    ["172.32.0.0", false],
    ["172.15.255.255", false],
    ["::ffff:10.1.2.3", true],
    ["::FFFF:a01:203", true],
    ["::ffff:11.1.2.3", false],
    ["2001:db8::1", true],
    ["2001:0DB8:0:0::0001", true],
    ["2001:db8::2", false],
    ["fdff:ffff::", true],
    ["fe00::", false],
    ["2001:db8:8000::", true],
    ["2001:db8:7fff:ffff::", false],
    // Written like an IPv4-mapped address, but not one.
    ["::10.1.2.3", false],
    ["", false],
    ["localhost", false],
    ["10.1", false],
    ["10.1.2.3:80", false],
  ])("has %p: %p", (address, has) => {
    expect(new AddressRanges(ranges).has(address)).toBe(has);
  });

  test("contains a whole address family, or both", () => {
    expect(["1.2.3.4", "255.255.255.255"].map((address) => new AddressRanges(["0.0.0.0/0"]).has(address))).toEqual([
      true,
      true,
    ]);
    expect(new AddressRanges(["0.0.0.0/0"]).has("2001:db8::1")).toBe(false);
    expect(new AddressRanges([]).has("127.0.0.1")).toBe(false);
  });

  test("contains IPv4 addresses that were given as IPv4-mapped IPv6", () => {
    const mapped = new AddressRanges(["::ffff:127.0.0.1", "::ffff:10.0.0.0/104"]);
    expect(
      ["127.0.0.1", "10.9.9.9", "::ffff:10.9.9.9", "127.0.0.2", "11.0.0.1"].map((each) => mapped.has(each)),
    ).toEqual([true, true, true, false, false]);
  });

  test("ignores the host bits of a range", () => {
    expect(new AddressRanges(["10.1.2.3/8"]).has("10.9.9.9")).toBe(true);
  });
});

test.each([
  ["10.0.0.1", true],
  ["10.0.0.0/0", true],
  ["10.0.0.0/32", true],
  ["10.0.0.0/33", false],
  ["10.0.0.0/08", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/8/8", false],
  ["10.0.0/8", false],
  ["010.0.0.1", false],
  ["::/0", true],
  ["fd00::/128", true],
  ["fd00::/129", false],
  ["fe80::1%eth0", false],
  ["[::1]", false],
  ["::ffff:10.0.0.0/104", true],
  [" 10.0.0.1", false],
  ["10.0.0.1\n", false],
  ["localhost", false],
  ["/8", false],
  ["", false],
])("%p is an address, or a range of them: %p", (text, is) => {
  expect(isAddressRange(text)).toBe(is);
});
