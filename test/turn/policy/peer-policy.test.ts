import { describe, expect, test } from "bun:test";
import { type IpAddress, parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { PeerPolicy, type PeerRules } from "../../../src/turn/policy/peer-policy.ts";
import { isPeerPort } from "../../../src/turn/policy/peer-port.ts";

const noRules: PeerRules = { allow: [], deny: [], relayed: [], interfaces: [] };

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

const verdict = (address: string, rules: Partial<PeerRules> = {}) =>
  new PeerPolicy({ ...noRules, ...rules }).judge(ip(address));

test.each([
  ...["8.8.8.8", "11.0.0.1", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "100.128.0.0"],
  ...["126.255.255.255", "128.0.0.0", "223.255.255.255", "198.20.0.0"],
  ...["2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::8.8.8.8", "2002:808:808::1", "::ffff:8.8.8.8"],
])("%s is permitted as an address of the internet", (address) => {
  expect(verdict(address)).toBe("permitted");
});

test.each([
  ...["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
  ...["100.64.0.0", "100.127.255.255", "169.254.169.254", "fc00::1", "fdff::1", "fe80::1", "febf::1"],
  ...["::ffff:10.1.1.1", "64:ff9b::a9fe:a9fe", "2002:c0a8:101::1", "2002:a00:1::"],
])("%s is refused as an address of a private network", (address) => {
  expect(verdict(address)).toBe("private");
});

test.each([
  ...["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1"],
  ...["198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
  ...["::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "64:ff9b::7f00:1", "2002:7f00:1::1"],
  ...["64:ff9b:1::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "100::1", "3fff::1"],
])("%s is refused", (address) => {
  expect(verdict(address)).toBe("refused");
});

describe("the lists of the operator", () => {
  test.each([
    ["192.168.1.7", "192.168.0.0/16", "listed"],
    ["::ffff:192.168.1.7", "192.168.0.0/16", "listed"],
    ["64:ff9b::c0a8:107", "192.168.0.0/16", "listed"],
    ["192.169.1.7", "192.168.0.0/15", "listed"],
    ["10.0.0.1", "192.168.0.0/16", "private"],
    ["fd00::1", "fd00::/8", "listed"],
    ["127.0.0.1", "127.0.0.0/8", "listed"],
    ["::1", "::1", "listed"],
  ] as const)("%s with the allow list %s is %s", (address, range, expected) => {
    expect(verdict(address, { allow: [range] })).toBe(expected);
  });

  test("deny refuses addresses of the internet, in every form", () => {
    const rules = { deny: ["8.8.8.0/24", "2606:4700::/32"] };
    const denied = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2606:4700::1"];
    for (const address of denied) expect(verdict(address, rules)).toBe("refused");
    expect(verdict("8.8.9.1", rules)).toBe("permitted");
  });

  test("deny refuses what is reached by a way of IPv6, whatever IPv4 address is in it", () => {
    expect(verdict("64:ff9b::808:808", { deny: ["64:ff9b::/96"] })).toBe("refused");
    expect(verdict("2002:808:808::1", { deny: ["2002::/16"] })).toBe("refused");
    expect(verdict("8.8.8.8", { deny: ["64:ff9b::/96", "2002::/16"] })).toBe("permitted");
  });

  test("allow wins over deny", () => {
    expect(verdict("10.1.1.1", { allow: ["10.1.0.0/16"], deny: ["10.0.0.0/8"] })).toBe("listed");
    expect(verdict("10.2.1.1", { allow: ["10.1.0.0/16"], deny: ["10.0.0.0/8"] })).toBe("refused");
  });
});

describe("the server's own addresses", () => {
  const own = { relayed: ["203.0.113.10"], interfaces: ["10.0.0.5", "93.184.216.34", "2606:4700::5"] };

  test.each(["203.0.113.10", "::ffff:203.0.113.10", "64:ff9b::cb00:710a"])(
    "%s is open at the ports of allocations, as relayed addresses are there",
    (address) => {
      expect(verdict(address, own)).toBe("allocations");
    },
  );

  test.each(["10.0.0.5", "93.184.216.34", "2606:4700::5"])("%s, an interface, is refused", (address) => {
    expect(verdict(address, own)).toBe("refused");
  });

  test("a range of the allow list opens the others in it only", () => {
    const allow = ["10.0.0.0/8", "203.0.113.0/24"];
    expect(verdict("10.0.0.5", { ...own, allow })).toBe("refused");
    expect(verdict("203.0.113.10", { ...own, allow })).toBe("allocations");
    expect(verdict("10.0.0.6", { ...own, allow })).toBe("listed");
  });

  test.each(["10.0.0.5", "10.0.0.5/32"])("%s in the allow list opens one", (allow) => {
    expect(verdict("10.0.0.5", { ...own, allow: [allow] })).toBe("listed");
  });

  test("a range with loopback opens it: all that is there is the server's own", () => {
    const rules = { relayed: ["127.0.0.1"], interfaces: ["127.0.0.1", "::1"], allow: ["127.0.0.0/8", "::1"] };
    expect([verdict("127.0.0.1", rules), verdict("::1", rules)]).toEqual(["listed", "listed"]);
  });

  test("deny closes relayed addresses, too", () => {
    expect(verdict("203.0.113.10", { ...own, deny: ["203.0.113.0/24"] })).toBe("refused");
  });
});

test("other rules have another revision, and other verdicts", () => {
  const policy = new PeerPolicy(noRules);
  const { revision } = policy;
  policy.replace({ ...noRules, deny: ["8.8.8.8"] });
  expect(policy.revision).not.toBe(revision);
  expect(policy.judge(ip("8.8.8.8"))).toBe("refused");
});

test.each([
  ["permitted", 0, false],
  ["permitted", 53, false],
  ["permitted", 1_023, false],
  ["permitted", 1_024, true],
  ["allocations", 1_023, false],
  ["listed", 0, false],
  ["listed", 53, true],
] as const)("an address that is %s may be reached at port %d: %p", (given, port, expected) => {
  expect(isPeerPort(given, port)).toBe(expected);
});
