import { expect, test } from "bun:test";
import { formatIpAddress, isSameIpAddress, parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { withSeeds } from "../../support/bytes/random.ts";

const zeros = { word0: 0, word1: 0, word2: 0, word3: 0 };

test.each([
  ["0.0.0.0", { family: 4, ...zeros }],
  ["192.0.2.1", { family: 4, ...zeros, word3: 0xc0000201 }],
  ["255.255.255.255", { family: 4, ...zeros, word3: 0xffffffff }],
  ["::", { family: 6, ...zeros }],
  ["::1", { family: 6, ...zeros, word3: 1 }],
  ["fe80::1%eth0", { family: 6, ...zeros, word0: 0xfe800000, word3: 1 }],
  ["::ffff:192.0.2.1", { family: 6, ...zeros, word2: 0xffff, word3: 0xc0000201 }],
  ["64:FF9B::7f00:1", { family: 6, ...zeros, word0: 0x0064ff9b, word3: 0x7f000001 }],
  ["1:2:3:4:5:6:7:8", { family: 6, word0: 0x10002, word1: 0x30004, word2: 0x50006, word3: 0x70008 }],
  ["1:2:3:4:5:6:1.2.3.4", { family: 6, word0: 0x10002, word1: 0x30004, word2: 0x50006, word3: 0x01020304 }],
] as const)("%s is read as numbers", (text, address) => {
  expect(parseIpAddress(text)).toEqual(address);
});

test.each([
  ...["", "localhost", "127.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4:80", " 1.2.3.4", "1.2.3.-4"],
  ...[":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345", "::g", "[::1]", "1:2:3:4:5:6:7:1.2.3.4"],
  ...["1.2.3.4::", "::1.2.3.4:5", "1::2:3:4:5:6:7:8", ":1::2", "1:"],
])("%p is no address", (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test.each([
  "1.2.3.4",
  "255.0.128.1",
  "::",
  "::1",
  "1::",
  "2001:db8::1",
  // RFC 5952 §4.2: a single group of zeros is written, and of two equal runs the first is shortened.
  "2001:db8:0:1:1:1:1:1",
  "2001:db8::1:0:0:1",
  "2001:0:0:1::1",
])("%s is written as it is read", (text) => {
  const address = parseIpAddress(text);
  expect(address && formatIpAddress(address)).toBe(text);
});

test("every address is read as it was written, and as URLs write it", () => {
  withSeeds(300, (random) => {
    const word = () => (random.chance(0.4) ? random.integer(2) * 0x10000 : random.integer(2 ** 32));
    const address = { family: 6, word0: word(), word1: word(), word2: word(), word3: word() } as const;
    const text = formatIpAddress(address);
    expect(parseIpAddress(text)).toEqual(address);
    expect(`[${text}]`).toBe(new URL(`http://[${text}]`).hostname);
  });
});

test("addresses are the same when family and all words are", () => {
  const address = { family: 6, word0: 1, word1: 2, word2: 3, word3: 4 } as const;
  expect(isSameIpAddress(address, { ...address })).toBe(true);
  for (const other of [{ family: 4 }, { word0: 9 }, { word1: 9 }, { word2: 9 }, { word3: 9 }] as const) {
    expect(isSameIpAddress(address, { ...address, ...other })).toBe(false);
  }
});
