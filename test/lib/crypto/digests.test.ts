import { expect, test } from "bun:test";
import { crc32 } from "../../../src/lib/crypto/crc-32.ts";
import { hmacSha1 } from "../../../src/lib/crypto/hmac-sha1.ts";
import { md5 } from "../../../src/lib/crypto/md5.ts";
import { isSameBytes } from "../../../src/lib/crypto/same-bytes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  // RFC 2202 §3, cases 1, 2 and 6.
  [new Uint8Array(20).fill(0x0b), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"],
  [bytes("Jefe"), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
  [
    new Uint8Array(80).fill(0xaa),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "aa4ae5e15272d00e95705637ce8a3b55ed402112",
  ],
])("HMAC-SHA1 fits its vectors, in one piece and in several", (key, text, digest) => {
  expect(hmacSha1(key, bytes(text)).toHex()).toBe(digest);
  expect(hmacSha1(key, bytes(text.slice(0, 3)), bytes(""), bytes(text.slice(3))).toHex()).toBe(digest);
});

test.each([
  // RFC 1321 A.5.
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
])("MD5 of %p fits its vector", (text, digest) => {
  expect(md5(text).toHex()).toBe(digest);
});

test("CRC-32 fits its check value", () => {
  expect(crc32(bytes("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

test("bytes are the same only with the same length and content", () => {
  expect(isSameBytes(bytes("abc"), bytes("abc"))).toBe(true);
  expect(isSameBytes(bytes("abc"), bytes("abd"))).toBe(false);
  expect(isSameBytes(bytes("abc"), bytes("abcd"))).toBe(false);
});
