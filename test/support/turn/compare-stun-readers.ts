import { attributes } from "../../../src/turn/message/attributes.ts";
import { channelDataLength } from "../../../src/turn/message/channel-data.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { PeerData } from "../../../src/turn/message/peer-data.ts";
import { StreamFraming } from "../../../src/turn/message/stream-framing.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import type { Random } from "../bytes/random.ts";
import { corpusKey, mutateStun, stunMessages } from "./stun-mutations.ts";

export interface StunComparison {
  /** The packets that are well-formed messages. */
  decoded: number;
  /** The packets whose signature is right. */
  signed: number;
  /** The packets that are indications with data for a peer. */
  relayed: number;
  readonly faults: string[];
}

const understoodInIndications = new Set<number>([
  ...[attributes.xorPeerAddress, attributes.data, attributes.username, attributes.realm, attributes.nonce],
  attributes.messageIntegrity,
]);
const mostFaults = 10;

/**
 * Reads mutated packets with each reader. The reader in place has to find the same as the one that decodes, and a stream
 * has to deliver every message that a datagram may hold. An exception is a fault.
 */
export function compareStunReaders(random: Random, packets: number): StunComparison {
  const comparison: StunComparison = { decoded: 0, signed: 0, relayed: 0, faults: [] };
  const messages = stunMessages();
  const record = new PeerData();
  for (let index = 0; index < packets && comparison.faults.length < mostFaults; index += 1) {
    const packet = mutateStun(random, messages);
    try {
      const fault = compare(packet, record, comparison);
      if (fault !== undefined) comparison.faults.push(`${fault}: ${packet.toHex()}`);
    } catch (error) {
      comparison.faults.push(`${error}: ${packet.toHex()}`);
    }
  }
  return comparison;
}

function compare(packet: Uint8Array, record: PeerData, comparison: StunComparison): string | undefined {
  channelDataLength(packet);
  const message = decodeStun(packet);
  if (message !== undefined) {
    comparison.decoded += 1;
    if (readAll(message)) comparison.signed += 1;
    if (!isDelivered(packet)) return "a stream does not deliver it";
  }
  const isRelayed = record.read(packet, methods.send);
  if (isRelayed) comparison.relayed += 1;
  const data = message === undefined ? undefined : dataOf(message);
  if (data === undefined) return isRelayed ? "only the reader in place accepts it" : undefined;
  if (!isRelayed) return "the reader in place does not accept it";
  const address = message?.addressOf(attributes.xorPeerAddress);
  const { family, word0, word1, word2, word3, port } = record;
  const found = packet.subarray(record.dataOffset, record.dataEndOffset);
  const isSame =
    Buffer.compare(found, data) === 0 && Bun.deepEquals(address, { ip: { family, word0, word1, word2, word3 }, port });
  return isSame ? undefined : "the readers find different peers or data";
}

/** The data of a Send indication that a server has to relay. */
function dataOf(message: StunMessage): Uint8Array | undefined {
  if (message.method !== methods.send || message.messageClass !== "indication") return undefined;
  if (message.unknownRequired(understoodInIndications).length > 0) return undefined;
  return message.addressOf(attributes.xorPeerAddress) && message.bytesOf(attributes.data);
}

/** Reads all values; returns whether the signature is right. */
function readAll(message: StunMessage): boolean {
  for (const attribute of Object.values(attributes)) {
    message.textOf(attribute);
    message.uint32Of(attribute);
    message.addressesOf(attribute);
  }
  message.unknownRequired(understoodInIndications);
  return message.errorCode !== 0 && message.isSignedWith(corpusKey);
}

function isDelivered(packet: Uint8Array): boolean {
  let delivered = 0;
  const fault = new StreamFraming().push(packet, (message) => {
    delivered += message.byteLength;
  });
  return fault === undefined && delivered === packet.byteLength;
}
