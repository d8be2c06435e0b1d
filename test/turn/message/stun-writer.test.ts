import { expect, test } from "bun:test";
import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { longTermKey } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { longTerm, vectors } from "../../support/turn/stun-vectors.ts";

const transactionId = Uint8Array.fromHex("b7e7a701bc34d686fa87dfae");

function ip(text: string) {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

function bytesOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}

test("a request with long-term credentials is the one of RFC 5769", () => {
  const { username, realm, password, nonce } = longTerm;
  const message = new StunWriter()
    .begin(methods.binding, "request", Uint8Array.fromHex("78ad3433c6ad72c029da412e"))
    .text(attributes.username, username)
    .text(attributes.nonce, nonce)
    .text(attributes.realm, realm)
    .sign(longTermKey(username, realm, password))
    .finish();
  expect(message.toHex()).toBe(vectors.longTermRequest.toHex());
});

test("addresses are written as in RFC 5769", () => {
  const value = (text: string) =>
    decodeStun(
      new StunWriter()
        .begin(methods.binding, "success", transactionId)
        .address(attributes.xorMappedAddress, ip(text), 32_853)
        .finish(),
    )
      ?.bytesOf(attributes.xorMappedAddress)
      ?.toHex();
  expect(value("192.0.2.1")).toBe("0001a147e112a643");
  expect(value("2001:db8:1234:5678:11:2233:4455:6677")).toBe("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
});

test("an error has its code and its reason", () => {
  const message = decodeStun(new StunWriter().begin(methods.allocate, "error", transactionId).error(486).finish());
  expect(message?.errorCode).toBe(486);
  expect(message?.bytesOf(attributes.errorCode)?.subarray(0, 4).toHex()).toBe("00000456");
  expect(new TextDecoder().decode(message?.bytesOf(attributes.errorCode)?.subarray(4))).toBe(
    "Allocation Quota Reached",
  );
});

test("unknown attributes are listed, and padded", () => {
  const list = (types: readonly number[]) =>
    decodeStun(new StunWriter().begin(methods.binding, "error", transactionId).unknownAttributes(types).finish())
      ?.bytesOf(attributes.unknownAttributes)
      ?.toHex();
  expect(list([0x7777])).toBe("7777");
  expect(list([0x7777, 0x0002])).toBe("77770002");
});

test("a message does not depend on the one before it", () => {
  const writer = new StunWriter();
  writer.begin(methods.binding, "request", transactionId).bytes(0x9999, new Uint8Array(400).fill(0xff)).finish();
  const write = (used: StunWriter) =>
    used.begin(methods.binding, "success", transactionId).text(attributes.software, "a").fingerprint().finish().toHex();
  expect(write(writer)).toBe(write(new StunWriter()));
});

test("a message that is too long throws, as does a wrong transaction id", () => {
  const writer = new StunWriter().begin(methods.binding, "request", transactionId);
  expect(() => writer.bytes(0x9999, new Uint8Array(65_532))).toThrow(RangeError);
  expect(decodeStun(writer.bytes(0x9999, new Uint8Array(65_528)).finish())).toBeDefined();
  expect(() => new StunWriter().begin(methods.binding, "request", new Uint8Array(11))).toThrow(RangeError);
});

test("every message is read as it was written, and written as it was read", () => {
  const writer = new StunWriter();
  withSeeds(2_000, (random) => {
    const id = bytesOf(random, 12);
    const method = random.integer(0x1000);
    const messageClass = random.pick(["request", "indication", "success", "error"] as const);
    const isSigned = random.chance(0.5);
    const hasFingerprint = random.chance(0.5);
    const key = bytesOf(random, 1 + random.integer(80));
    const values = Array.from({ length: random.integer(6) }, (_, index) => ({
      // Types differ, and are none that mean something.
      type: (random.chance(0.5) ? 0x4000 : 0xc000) + index,
      value: bytesOf(random, random.integer(40)),
    }));
    const address = {
      ip: random.chance(0.5)
        ? ip(Array.from({ length: 4 }, () => random.integer(256)).join("."))
        : ip(Array.from({ length: 8 }, () => random.integer(65_536).toString(16)).join(":")),
      port: random.integer(65_536),
    };
    writer.begin(method, messageClass, id).address(attributes.xorPeerAddress, address.ip, address.port);
    for (const { type, value } of values) writer.bytes(type, value);
    if (isSigned) writer.sign(key);
    if (hasFingerprint) writer.fingerprint();
    const bytes = writer.finish().slice();
    const message = decodeStun(bytes);
    if (message === undefined) throw new Error("it is dropped");
    expect(message).toMatchObject({ method, messageClass, hasIntegrity: isSigned, hasFingerprint });
    expect(message.isSignedWith(key)).toBe(isSigned);
    expect(message.addressOf(attributes.xorPeerAddress)).toEqual(address);
    for (const { type, value } of values) expect(message.bytesOf(type)?.toHex()).toBe(value.toHex());
    expect(rewritten(message, values, isSigned ? key : undefined).toHex()).toBe(bytes.toHex());
  });
});

function rewritten(
  message: StunMessage,
  values: readonly { readonly type: number }[],
  key: Uint8Array | undefined,
): Uint8Array {
  const writer = new StunWriter().begin(message.method, message.messageClass, message.transactionId);
  const address = message.addressOf(attributes.xorPeerAddress);
  if (address !== undefined) writer.address(attributes.xorPeerAddress, address.ip, address.port);
  for (const { type } of values) writer.bytes(type, message.bytesOf(type) ?? new Uint8Array());
  if (key !== undefined) writer.sign(key);
  if (message.hasFingerprint) writer.fingerprint();
  return writer.finish();
}
