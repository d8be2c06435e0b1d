import { describe, expect, test } from "bun:test";
import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { vectors } from "../../support/turn/stun-vectors.ts";

const key = new Uint8Array(16).fill(7);
const transactionId = new Uint8Array(12).fill(9);

function request(): StunWriter {
  return new StunWriter().begin(methods.allocate, "request", transactionId);
}

/** A message of these bytes behind the header, whose length is right. */
function raw(...body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(20 + body.length);
  bytes.set(new StunWriter().begin(methods.binding, "request", transactionId).finish());
  bytes.set(body, 20);
  bytes[3] = body.length;
  return bytes;
}

describe("a datagram is dropped", () => {
  const good = request().text(attributes.username, "name").finish().slice();

  test("unless it is a message", () => {
    expect(decodeStun(good)).toBeDefined();
  });

  test("if its length is not a multiple of four", () => {
    expect(decodeStun(raw(0x80, 0x22, 0, 0, 0))).toBeUndefined();
  });

  test("if it is truncated, or bytes follow the message", () => {
    expect(decodeStun(good.subarray(0, -4))).toBeUndefined();
    expect(decodeStun(Uint8Array.of(...good, 0, 0, 0, 0))).toBeUndefined();
  });

  test("if it has no magic cookie, as those of RFC 3489", () => {
    const old = good.slice();
    old[4] = 0;
    expect(decodeStun(old)).toBeUndefined();
  });

  test("if the first two bits are not zero", () => {
    for (const bits of [0x40, 0x80, 0xc0]) {
      const other = good.slice();
      other[0] = (other[0] ?? 0) | bits;
      expect(decodeStun(other)).toBeUndefined();
    }
  });

  test("if an attribute exceeds the message", () => {
    expect(decodeStun(raw(0x80, 0x22, 0, 4, 1, 2, 3, 4))).toBeDefined();
    expect(decodeStun(raw(0x80, 0x22, 0, 5, 1, 2, 3, 4))).toBeUndefined();
    expect(decodeStun(raw(0x80, 0x22, 0xff, 0xff))).toBeUndefined();
  });

  test("if it is shorter than a header, and as the longest of all", () => {
    for (let length = 0; length < 20; length += 1) expect(decodeStun(good.subarray(0, length))).toBeUndefined();
    expect(decodeStun(new Uint8Array(65_507))).toBeUndefined();
    const longest = new Uint8Array(65_507);
    longest.set(good);
    expect(decodeStun(longest)).toBeUndefined();
  });

  test("if FINGERPRINT is wrong, has a wrong length, or is not at the end", () => {
    const right = request().fingerprint().finish().slice();
    expect(decodeStun(right)?.hasFingerprint).toBe(true);
    const wrong = right.slice();
    wrong[wrong.byteLength - 1] = (wrong.at(-1) ?? 0) ^ 1;
    expect(decodeStun(wrong)).toBeUndefined();
    expect(decodeStun(request().bytes(attributes.fingerprint, new Uint8Array(8)).finish())).toBeUndefined();
    expect(decodeStun(request().fingerprint().text(attributes.software, "x").finish())).toBeUndefined();
    expect(decodeStun(request().fingerprint().fingerprint().finish())).toBeUndefined();
  });

  test.each([0, 19, 21, 32])("if MESSAGE-INTEGRITY has %p bytes", (length) => {
    expect(decodeStun(request().bytes(attributes.messageIntegrity, new Uint8Array(length)).finish())).toBeUndefined();
  });

  test("if it has more attributes than any client sends", () => {
    const many = (count: number) => {
      const writer = request();
      for (let index = 0; index < count; index += 1) writer.bytes(attributes.software, new Uint8Array());
      return decodeStun(writer.finish());
    };
    expect(many(128)).toBeDefined();
    expect(many(129)).toBeUndefined();
  });
});

describe("a message", () => {
  test("counts no attribute behind MESSAGE-INTEGRITY", () => {
    const message = decodeStun(
      request().text(attributes.realm, "r").sign(key).text(attributes.username, "late").bytes(0x7777, key).finish(),
    );
    expect(message?.isSignedWith(key)).toBe(true);
    expect(message?.textOf(attributes.realm)).toBe("r");
    expect(message?.has(attributes.username)).toBe(false);
    expect(message?.unknownRequired(new Set([attributes.realm, attributes.messageIntegrity]))).toEqual([]);
  });

  test("may have FINGERPRINT behind MESSAGE-INTEGRITY", () => {
    const message = decodeStun(request().text(attributes.realm, "r").sign(key).fingerprint().finish());
    expect(message?.isSignedWith(key)).toBe(true);
    expect(message?.hasFingerprint).toBe(true);
  });

  test("is not signed without MESSAGE-INTEGRITY", () => {
    const message = decodeStun(request().finish());
    expect(message?.hasIntegrity).toBe(false);
    expect(message?.isSignedWith(key)).toBe(false);
  });

  test("may have any bytes as padding", () => {
    const message = decodeStun(raw(0, 6, 0, 1, 0x61, 0xff, 0xff, 0xff));
    expect(message?.textOf(attributes.username)).toBe("a");
  });

  test("has the first of several attributes of one type", () => {
    const message = decodeStun(
      request().text(attributes.username, "first").text(attributes.username, "second").finish(),
    );
    expect(message?.textOf(attributes.username)).toBe("first");
  });

  test("has all its addresses, and undefined for those that are malformed", () => {
    const [one, two] = [parseIpAddress("192.0.2.1"), parseIpAddress("2001:db8::2")];
    if (one === undefined || two === undefined) throw new Error("no address");
    const message = decodeStun(
      request()
        .address(attributes.xorPeerAddress, one, 1)
        .bytes(attributes.xorPeerAddress, new Uint8Array(8))
        .address(attributes.xorPeerAddress, two, 65_535)
        .bytes(attributes.xorPeerAddress, Uint8Array.of(0, 2, 0, 0, 0, 0, 0, 0))
        .finish(),
    );
    expect(message?.addressesOf(attributes.xorPeerAddress)).toEqual([
      { ip: one, port: 1 },
      undefined,
      { ip: two, port: 65_535 },
      undefined,
    ]);
  });

  test("has no value where a length is wrong", () => {
    const message = decodeStun(request().bytes(attributes.lifetime, new Uint8Array(3)).finish());
    expect(message?.has(attributes.lifetime)).toBe(true);
    expect(message?.uint32Of(attributes.lifetime)).toBeUndefined();
    expect(message?.uint16Of(attributes.lifetime)).toBeUndefined();
    expect(message?.uint8Of(attributes.lifetime)).toBeUndefined();
    expect(message?.addressOf(attributes.lifetime)).toBeUndefined();
    expect(message?.errorCode).toBeUndefined();
  });

  test("has no text that is not UTF-8", () => {
    const message = decodeStun(request().bytes(attributes.username, Uint8Array.of(0xff, 0xfe)).finish());
    expect(message?.has(attributes.username)).toBe(true);
    expect(message?.textOf(attributes.username)).toBeUndefined();
  });

  test("names each unknown attribute once, those to be understood only, and at most 16", () => {
    const one = request().bytes(0x7777, key).bytes(0x9999, key).bytes(0x7777, key).bytes(0x0033, key).finish();
    expect(decodeStun(one)?.unknownRequired(new Set([0x0033]))).toEqual([0x7777]);
    const writer = request();
    for (let type = 0x7000; type < 0x7020; type += 1) writer.bytes(type, new Uint8Array());
    expect(decodeStun(writer.finish())?.unknownRequired(new Set())).toHaveLength(16);
  });

  test("has values of one, two and four bytes", () => {
    const message = decodeStun(
      request()
        .uint8(attributes.requestedTransport, 17)
        .uint16(attributes.channelNumber, 0x7ffe)
        .uint32(attributes.lifetime, 0xfffffffe)
        .finish(),
    );
    expect(message?.bytesOf(attributes.requestedTransport)?.toHex()).toBe("11000000");
    expect(message?.uint8Of(attributes.requestedTransport)).toBe(17);
    expect(message?.bytesOf(attributes.channelNumber)?.toHex()).toBe("7ffe0000");
    expect(message?.uint16Of(attributes.channelNumber)).toBe(0x7ffe);
    expect(message?.uint32Of(attributes.lifetime)).toBe(0xfffffffe);
  });

  test("tells its method and class", () => {
    const classes = ["request", "indication", "success", "error"] as const;
    for (const method of [...Object.values(methods), 0x00a, 0x00b, 0x0ff, 0xfff]) {
      for (const messageClass of classes) {
        const message = decodeStun(new StunWriter().begin(method, messageClass, transactionId).finish());
        expect([message?.method, message?.messageClass]).toEqual([method, messageClass]);
      }
    }
  });

  test("is read from bytes that lie in others", () => {
    const bytes = new Uint8Array(300);
    bytes.set(vectors.ipv4Response, 7);
    const message = decodeStun(bytes.subarray(7, 7 + vectors.ipv4Response.byteLength));
    expect(message?.addressOf(attributes.xorMappedAddress)?.port).toBe(32_853);
    expect(message?.hasFingerprint).toBe(true);
  });
});
