import { expect, test } from "bun:test";
import { crc32c, maskedCrc32c } from "../../../../src/storage/import/leveldb/crc32c.ts";
import { utf8 } from "../../../support/bytes/leveldb-bytes.ts";

test.each<[string, Uint8Array, number]>([
  ["nothing", new Uint8Array(), 0],
  ["the digits", utf8("123456789"), 0xe306_9283],
  ["32 zeros (RFC 3720 §B.4)", new Uint8Array(32), 0x8a91_36aa],
  ["32 ones (RFC 3720 §B.4)", new Uint8Array(32).fill(0xff), 0x62a8_ab43],
  ["ascending bytes (RFC 3720 §B.4)", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd_794e],
])("the checksum of %s", (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test("the stored checksum is rotated by 15 bits and offset", () => {
  const crc = 0xe306_9283;
  const turned = ((crc >>> 15) | (crc << 17)) >>> 0;
  expect(maskedCrc32c(utf8("123456789"))).toBe((turned + 0xa282_ead8) % 2 ** 32);
});
