import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { longTermKey } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { longTerm, sha256Request, shortTermPassword, vectors } from "../../support/turn/stun-vectors.ts";

const shortTermKey = new TextEncoder().encode(shortTermPassword);
const key = longTermKey(longTerm.username, longTerm.realm, longTerm.password);

const keys: Readonly<Record<keyof typeof vectors, Uint8Array>> = {
  shortTermRequest: shortTermKey,
  ipv4Response: shortTermKey,
  ipv6Response: shortTermKey,
  longTermRequest: key,
};

function decode(bytes: Uint8Array): StunMessage {
  const message = decodeStun(bytes);
  if (message === undefined) throw new Error("the message is malformed");
  return message;
}

function mappedAddress(message: StunMessage): string {
  const address = message.addressOf(attributes.xorMappedAddress);
  return address === undefined ? "none" : `${formatIpAddress(address.ip)} ${address.port}`;
}

describe("RFC 5769", () => {
  test("a request with short-term credentials is read", () => {
    const message = decode(vectors.shortTermRequest);
    expect([message.method, message.messageClass]).toEqual([methods.binding, "request"]);
    expect(message.transactionId.toHex()).toBe("b7e7a701bc34d686fa87dfae");
    expect(message.textOf(attributes.software)).toBe("STUN test client");
    expect(message.textOf(attributes.username)).toBe("evtj:h6vY");
    expect(message.hasFingerprint).toBe(true);
    expect(message.isSignedWith(shortTermKey)).toBe(true);
    expect(message.isSignedWith(key)).toBe(false);
    // PRIORITY (0x0024) is the one of ICE's attributes that must be understood.
    expect(message.unknownRequired(new Set([attributes.username, attributes.messageIntegrity]))).toEqual([0x0024]);
  });

  test("a response with an IPv4 address is read", () => {
    const message = decode(vectors.ipv4Response);
    expect([message.method, message.messageClass]).toEqual([methods.binding, "success"]);
    expect(message.textOf(attributes.software)).toBe("test vector");
    expect(mappedAddress(message)).toBe("192.0.2.1 32853");
    expect(message.hasFingerprint).toBe(true);
    expect(message.isSignedWith(shortTermKey)).toBe(true);
  });

  test("a response with an IPv6 address is read", () => {
    const message = decode(vectors.ipv6Response);
    expect(mappedAddress(message)).toBe("2001:db8:1234:5678:11:2233:4455:6677 32853");
    expect(message.hasFingerprint).toBe(true);
    expect(message.isSignedWith(shortTermKey)).toBe(true);
  });

  test("a request with long-term credentials is read", () => {
    const message = decode(vectors.longTermRequest);
    expect(message.textOf(attributes.username)).toBe(longTerm.username);
    expect(message.textOf(attributes.realm)).toBe(longTerm.realm);
    expect(message.textOf(attributes.nonce)).toBe(longTerm.nonce);
    expect(message.hasFingerprint).toBe(false);
    expect(message.isSignedWith(key)).toBe(true);
  });

  test.each(["shortTermRequest", "ipv4Response", "ipv6Response", "longTermRequest"] as const)(
    "%s with any bit changed is dropped, or its signature is wrong",
    (name) => {
      const vector = vectors[name];
      const typeOfFingerprint = vector.byteLength - 8;
      for (let bit = 0; bit < 8 * vector.byteLength; bit += 1) {
        const changed = vector.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
        const message = decodeStun(changed);
        const isLost = name !== "longTermRequest" && bit >> 4 === typeOfFingerprint >> 1;
        // With another type, FINGERPRINT is an unknown attribute behind the signature, which counts for nothing.
        expect(message?.isSignedWith(keys[name]) ?? false).toBe(isLost);
        // A changed length of an attribute may hide FINGERPRINT in its value.
        expect(message?.hasFingerprint ?? false).toBe(false);
      }
    },
  );
});

test("RFC 8489 B.1 is signed as it says, and dropped because its header has a wrong length", () => {
  const { username, realm, password } = longTerm;
  const sha256Key = new Bun.CryptoHasher("sha256").update(`${username}:${realm}:${password}`).digest();
  // Its 32 bytes are the end of the message, behind 4 bytes of type and length.
  const signed = sha256Request.subarray(0, -36);
  expect(createHmac("sha256", sha256Key).update(signed).digest("hex")).toBe(sha256Request.subarray(-32).toHex());
  expect(decodeStun(sha256Request)).toBeUndefined();
  const corrected = sha256Request.slice();
  corrected[3] = 136;
  expect(decode(corrected).has(attributes.userhash)).toBe(true);
});
