import type { IpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { FrameWriter } from "../../../src/turn/message/frame-writer.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import type { Random } from "../bytes/random.ts";
import { sha256Request, vectors } from "./stun-vectors.ts";

const transactionId = new Uint8Array(12).fill(9);
const ipv4: IpAddress = { family: 4, word0: 0, word1: 0, word2: 0, word3: 0xc0000201 };
const ipv6: IpAddress = { family: 6, word0: 0x20010db8, word1: 0, word2: 0, word3: 1 };

/** The key that signs the requests of `stunMessages`. */
export const corpusKey: Uint8Array = new Uint8Array(16).fill(3);

/** Messages of clients and peers: the vectors, requests of each method, indications and ChannelData. */
export function stunMessages(): readonly Uint8Array[] {
  const writer = new StunWriter();
  const frames = new FrameWriter(transactionId);
  const begin = (method: number) => writer.begin(method, "request", transactionId);
  const signed = (added: StunWriter) =>
    added
      .text(attributes.username, "1700003600:ann")
      .text(attributes.realm, "yurt")
      .text(attributes.nonce, "0000138800112233445566778899aabb")
      .sign(corpusKey);
  return [
    ...Object.values(vectors),
    sha256Request,
    begin(methods.binding).finish().slice(),
    begin(methods.allocate).uint8(attributes.requestedTransport, 17).finish().slice(),
    signed(begin(methods.allocate).uint8(attributes.requestedTransport, 17)).fingerprint().finish().slice(),
    signed(begin(methods.refresh).uint32(attributes.lifetime, 600)).finish().slice(),
    signed(
      begin(methods.createPermission)
        .address(attributes.xorPeerAddress, ipv4, 1)
        .address(attributes.xorPeerAddress, ipv6, 2),
    )
      .finish()
      .slice(),
    signed(
      begin(methods.channelBind).uint16(attributes.channelNumber, 0x4000).address(attributes.xorPeerAddress, ipv4, 1),
    )
      .finish()
      .slice(),
    frames.sendIndication(ipv4, 40_000, vectors.shortTermRequest).slice(),
    frames.sendIndication(ipv6, 40_000, new Uint8Array(33)).slice(),
    frames.dataIndication(ipv4, 40_000, new Uint8Array(5)).slice(),
    writer
      .begin(methods.send, "indication", transactionId)
      .bytes(attributes.data, new Uint8Array(7))
      .address(attributes.xorPeerAddress, ipv4, 5)
      .fingerprint()
      .finish()
      .slice(),
    frames.paddedChannelData(0x4000, new Uint8Array(9)).slice(),
  ];
}

/** One of `messages` with bits, bytes or ranges changed; in half of the cases, the header then has the right length. */
export function mutateStun(random: Random, messages: readonly Uint8Array[]): Uint8Array {
  const message = change(random, random.pick(messages));
  if (message.byteLength >= 4 && random.chance(0.5)) {
    const length = message.byteLength - 20 + (random.chance(0.1) ? random.integer(9) - 4 : 0);
    message[2] = length >> 8;
    message[3] = length;
  }
  return message;
}

function change(random: Random, original: Uint8Array): Uint8Array {
  const at = random.integer(original.byteLength);
  const bytes = original.slice();
  switch (random.integer(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
      return bytes;
    case 1:
      for (let count = random.integer(6); count >= 0; count -= 1) {
        bytes[random.integer(bytes.byteLength)] = random.pick([0, 1, 2, 4, 8, 20, 127, 128, 255]);
      }
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return joined(bytes.subarray(0, at & ~3), invented(random), bytes.subarray(at & ~3));
    case 4:
      return joined(bytes.subarray(0, at & ~3), bytes.subarray((at & ~3) + 4 * (1 + random.integer(4))));
    case 5:
      return joined(bytes, bytes.subarray(Math.min(20, at)));
    default:
      return Uint8Array.from({ length: random.integer(80) }, () => random.integer(256));
  }
}

/** An attribute of a known type or of none, with its padding. */
function invented(random: Random): Uint8Array {
  const type = random.chance(0.7) ? random.pick(Object.values(attributes)) : random.integer(65_536);
  const length = random.pick([0, 1, 4, 8, 20, 20, random.integer(40)]);
  const bytes = new Uint8Array(4 + ((length + 3) & ~3));
  bytes.set([type >> 8, type, 0, length]);
  for (let index = 4; index < bytes.byteLength; index += 1) bytes[index] = random.integer(3);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
