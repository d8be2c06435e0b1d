import { describe, expect, test } from "bun:test";
import { type IpAddress, parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { FrameWriter, maxPayloadBytes } from "../../../src/turn/message/frame-writer.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { PeerData } from "../../../src/turn/message/peer-data.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { withSeeds } from "../../support/bytes/random.ts";
import { vectors } from "../../support/turn/stun-vectors.ts";

const transactionId = new Uint8Array(12).fill(9);
const payload = Uint8Array.of(1, 2, 3, 4, 5);

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

const peer = ip("192.0.2.1");
const peer6 = ip("2001:db8:1234:5678:11:2233:4455:6677");

/** A Send indication, to which attributes are added. */
function send(): StunWriter {
  return new StunWriter().begin(methods.send, "indication", transactionId);
}

/** The peer and the data; undefined if the message is dropped. */
function read(bytes: Uint8Array, method: number = methods.send) {
  const record = new PeerData();
  if (!record.read(bytes, method)) return undefined;
  const { family, word0, word1, word2, word3, port } = record;
  return {
    ip: { family, word0, word1, word2, word3 },
    port,
    data: bytes.slice(record.dataOffset, record.dataEndOffset),
  };
}

describe("a Send indication", () => {
  test.each([peer, peer6])("has a peer and data, in any order", (address) => {
    const expected = { ip: address, port: 40_000, data: payload };
    const ordered = send().address(attributes.xorPeerAddress, address, 40_000).bytes(attributes.data, payload);
    expect(read(ordered.finish())).toEqual(expected);
    const reversed = send().bytes(attributes.data, payload).address(attributes.xorPeerAddress, address, 40_000);
    expect(read(reversed.finish())).toEqual(expected);
  });

  test("has the first of several peers and data", () => {
    const bytes = send()
      .address(attributes.xorPeerAddress, peer, 1)
      .bytes(attributes.data, payload)
      .address(attributes.xorPeerAddress, peer6, 2)
      .bytes(attributes.data, new Uint8Array(8))
      .finish();
    expect(read(bytes)).toEqual({ ip: peer, port: 1, data: payload });
  });

  test("may have no data in DATA", () => {
    const bytes = send().address(attributes.xorPeerAddress, peer, 1).bytes(attributes.data, new Uint8Array()).finish();
    expect(read(bytes)?.data).toHaveLength(0);
  });

  test.each(Object.keys(vectors) as (keyof typeof vectors)[])(
    "may contain a message, as %s, to its last byte",
    (name) => {
      const nested = vectors[name];
      const bytes = send().address(attributes.xorPeerAddress, peer, 1).bytes(attributes.data, nested).finish();
      // The bytes end as a message with a FINGERPRINT does, and have none.
      expect(read(bytes)?.data.toHex()).toBe(nested.toHex());
      expect(decodeStun(bytes)?.hasFingerprint).toBe(false);
    },
  );

  test("may have a FINGERPRINT, which has to be right", () => {
    const bytes = send()
      .address(attributes.xorPeerAddress, peer, 1)
      .bytes(attributes.data, payload)
      .fingerprint()
      .finish();
    expect(read(bytes)).toBeDefined();
    bytes[bytes.byteLength - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(read(bytes)).toBeUndefined();
  });

  test("is dropped without a peer or without DATA", () => {
    expect(read(send().finish())).toBeUndefined();
    expect(read(send().address(attributes.xorPeerAddress, peer, 1).finish())).toBeUndefined();
    expect(read(send().bytes(attributes.data, payload).finish())).toBeUndefined();
  });

  test("is dropped if the peer is malformed", () => {
    const malformed = send().bytes(attributes.xorPeerAddress, new Uint8Array(8)).bytes(attributes.data, payload);
    expect(read(malformed.finish())).toBeUndefined();
  });

  test("is dropped if it requires what is not understood, and keeps what is optional", () => {
    const complete = () => send().address(attributes.xorPeerAddress, peer, 1).bytes(attributes.data, payload);
    expect(read(complete().bytes(attributes.dontFragment, new Uint8Array()).finish())).toBeUndefined();
    expect(read(complete().bytes(0x7777, payload).finish())).toBeUndefined();
    expect(read(complete().bytes(0x9999, payload).text(attributes.username, "a").finish())).toBeDefined();
  });

  test("counts no attribute behind MESSAGE-INTEGRITY", () => {
    const signed = send().address(attributes.xorPeerAddress, peer, 1).sign(payload).bytes(attributes.data, payload);
    expect(read(signed.finish())).toBeUndefined();
  });

  test("is nothing else", () => {
    const bytes = send().address(attributes.xorPeerAddress, peer, 1).bytes(attributes.data, payload).finish().slice();
    expect(read(bytes, methods.data)).toBeUndefined();
    expect(read(bytes.subarray(0, -1))).toBeUndefined();
    expect(read(new Uint8Array())).toBeUndefined();
    for (const vector of Object.values(vectors)) expect(read(vector)).toBeUndefined();
  });
});

describe("a message that is written", () => {
  test("is read: indications of both methods", () => {
    const writer = new FrameWriter(transactionId);
    withSeeds(500, (random) => {
      const data = Uint8Array.from({ length: random.integer(60) }, () => random.integer(256));
      const address = random.pick([peer, peer6]);
      const port = random.integer(65_536);
      const expected = { ip: address, port, data };
      expect(read(writer.sendIndication(address, port, data))).toEqual(expected);
      expect(read(writer.dataIndication(address, port, data), methods.data)).toEqual(expected);
    });
  });

  test("is the one of StunWriter, with another transaction id each time", () => {
    const writer = new FrameWriter(new Uint8Array(12).fill(0xff));
    const ids = Array.from({ length: 3 }, () => {
      const bytes = writer.sendIndication(peer6, 5, payload);
      const id = bytes.slice(8, 20);
      const other = new StunWriter()
        .begin(methods.send, "indication", id)
        .address(attributes.xorPeerAddress, peer6, 5)
        .bytes(attributes.data, payload);
      expect(bytes.toHex()).toBe(other.finish().toHex());
      return id.toHex().slice(16);
    });
    expect(ids).toEqual(["00000000", "00000001", "00000002"]);
  });

  test("has the longest payload, and throws for a longer one", () => {
    const writer = new FrameWriter(transactionId);
    const longest = new Uint8Array(maxPayloadBytes).fill(1);
    expect(read(writer.sendIndication(peer6, 1, longest))?.data).toHaveLength(maxPayloadBytes);
    expect(writer.paddedChannelData(0x4000, longest)).toHaveLength(65_508);
    const tooLong = new Uint8Array(maxPayloadBytes + 1);
    expect(() => writer.dataIndication(peer, 1, tooLong)).toThrow(RangeError);
    expect(() => writer.channelData(0x4000, tooLong)).toThrow(RangeError);
  });
});
