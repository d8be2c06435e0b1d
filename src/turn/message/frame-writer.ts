import type { IpAddress } from "../../lib/address/ip-address.ts";
import { attributes } from "./attributes.ts";
import { readUint32, writeUint16, writeUint32 } from "./big-endian.ts";
import { channelHeaderBytes } from "./channel-data.ts";
import { messageType, methods } from "./message-type.ts";
import {
  attributeHeaderBytes,
  cookieOffset,
  headerBytes,
  magicCookie,
  padded,
  transactionIdBytes,
  transactionIdOffset,
} from "./stun-header.ts";
import { addressBytes, writeAddress } from "./transport-address.ts";

const mostOverheadBytes = 2 * attributeHeaderBytes + addressBytes(6);
/** The longest payload that an indication can carry for any peer. A UDP datagram may be up to 23 bytes longer. */
export const maxPayloadBytes = 0xfffc - mostOverheadBytes;
const bufferBytes = headerBytes + mostOverheadBytes + maxPayloadBytes;

/**
 * Writes the messages that carry application data, one after the other into the same buffer. Each method returns the
 * message as a view that is valid until the next call. A payload has at most `maxPayloadBytes`; otherwise, a RangeError is
 * thrown.
 */
export class FrameWriter {
  readonly #bytes = new Uint8Array(bufferBytes);
  /** The transaction id of the last indication. The next one has the last four bytes increased by one. */
  readonly #transactionId: Uint8Array;

  /** `transactionId` has 12 random bytes: the ids of indications start at it. */
  constructor(transactionId: Uint8Array) {
    if (transactionId.byteLength !== transactionIdBytes) throw new RangeError("A transaction id has 12 bytes");
    this.#transactionId = transactionId.slice();
  }

  /** The Data indication from a server to its client: `payload` comes from that peer. */
  dataIndication(ip: IpAddress, port: number, payload: Uint8Array): Uint8Array {
    return this.#indication(messageType(methods.data, "indication"), ip, port, payload);
  }

  /** The Send indication from a client to its server: `payload` is for that peer. */
  sendIndication(ip: IpAddress, port: number, payload: Uint8Array): Uint8Array {
    return this.#indication(messageType(methods.send, "indication"), ip, port, payload);
  }

  channelData(number: number, payload: Uint8Array): Uint8Array {
    return this.#bytes.subarray(0, this.#writeChannelData(number, payload));
  }

  /** As `channelData`, for a stream: padded to a multiple of 4 bytes (RFC 8656 §12.5). */
  paddedChannelData(number: number, payload: Uint8Array): Uint8Array {
    const end = this.#writeChannelData(number, payload);
    writeUint32(this.#bytes, end, 0);
    return this.#bytes.subarray(0, padded(end));
  }

  #writeChannelData(number: number, payload: Uint8Array): number {
    checkPayload(payload);
    writeUint16(this.#bytes, 0, number);
    writeUint16(this.#bytes, 2, payload.byteLength);
    this.#bytes.set(payload, channelHeaderBytes);
    return channelHeaderBytes + payload.byteLength;
  }

  #indication(type: number, ip: IpAddress, port: number, payload: Uint8Array): Uint8Array {
    checkPayload(payload);
    const bytes = this.#bytes;
    const addressOffset = headerBytes + attributeHeaderBytes;
    const dataOffset = addressOffset + addressBytes(ip.family) + attributeHeaderBytes;
    const dataEndOffset = dataOffset + payload.byteLength;
    const end = dataOffset + padded(payload.byteLength);
    writeUint16(bytes, 0, type);
    writeUint16(bytes, 2, end - headerBytes);
    writeUint32(bytes, cookieOffset, magicCookie);
    this.#writeTransactionId();
    writeUint16(bytes, headerBytes, attributes.xorPeerAddress);
    writeUint16(bytes, headerBytes + 2, addressBytes(ip.family));
    writeAddress(bytes, addressOffset, ip, port);
    writeUint16(bytes, dataOffset - attributeHeaderBytes, attributes.data);
    writeUint16(bytes, dataOffset - 2, payload.byteLength);
    bytes.set(payload, dataOffset);
    for (let offset = dataEndOffset; offset < end; offset += 1) bytes[offset] = 0;
    return bytes.subarray(0, end);
  }

  #writeTransactionId(): void {
    const counterOffset = transactionIdBytes - 4;
    writeUint32(this.#transactionId, counterOffset, readUint32(this.#transactionId, counterOffset) + 1);
    this.#bytes.set(this.#transactionId, transactionIdOffset);
  }
}

function checkPayload(payload: Uint8Array): void {
  if (payload.byteLength > maxPayloadBytes) throw new RangeError("The payload is too long");
}
