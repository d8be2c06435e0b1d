import { isAttributeRight } from "./attribute-form.ts";
import { attributes, isComprehensionRequired } from "./attributes.ts";
import { readUint16 } from "./big-endian.ts";
import { messageType } from "./message-type.ts";
import { attributeHeaderBytes, hasStunHeader, headerBytes, padded } from "./stun-header.ts";
import { addressFamily, readAddressWord, readPort } from "./transport-address.ts";

/** Attributes that are ignored in an indication. */
const ignored: ReadonlySet<number> = new Set([attributes.username, attributes.realm, attributes.nonce]);
const absent = -1;

/**
 * A Send or Data indication (RFC 8656 §11), read in place and without building objects.
 *
 * One record is made once and reads message after message. After `read` has returned false its fields have no meaning.
 */
export class PeerData {
  /** The peer's address, as in `IpAddress`. */
  family: 4 | 6 = 4;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  port = 0;
  /** The offsets of the application data in the message. */
  dataOffset = 0;
  dataEndOffset = 0;
  #addressOffset = absent;
  #addressLength = 0;

  /**
   * Reads an indication of that method. False for any other message, and for an indication that has to be dropped: it is
   * malformed, has a wrong FINGERPRINT, lacks XOR-PEER-ADDRESS or DATA, or requires an unknown attribute.
   */
  read(bytes: Uint8Array, method: number): boolean {
    if (readUint16(bytes, 0) !== messageType(method, "indication") || !hasStunHeader(bytes)) return false;
    this.#addressOffset = absent;
    this.dataOffset = absent;
    return this.#readAttributes(bytes) && this.dataOffset !== absent && this.#readPeer(bytes);
  }

  #readAttributes(bytes: Uint8Array): boolean {
    let isSigned = false;
    let offset = headerBytes;
    while (offset < bytes.byteLength) {
      const type = readUint16(bytes, offset);
      const length = readUint16(bytes, offset + 2);
      const valueOffset = offset + attributeHeaderBytes;
      if (!isAttributeRight(bytes, offset, type, length)) return false;
      if (type === attributes.messageIntegrity) isSigned = true;
      if (!isSigned && !this.#take(type, valueOffset, length)) return false;
      offset = valueOffset + padded(length);
    }
    return true;
  }

  /** Keeps the first attribute of each type that is needed; false for an unknown one that must be understood. */
  #take(type: number, offset: number, length: number): boolean {
    if (type === attributes.data) {
      if (this.dataOffset !== absent) return true;
      this.dataOffset = offset;
      this.dataEndOffset = offset + length;
      return true;
    }
    if (type === attributes.xorPeerAddress) {
      if (this.#addressOffset !== absent) return true;
      this.#addressOffset = offset;
      this.#addressLength = length;
      return true;
    }
    return !isComprehensionRequired(type) || ignored.has(type);
  }

  #readPeer(bytes: Uint8Array): boolean {
    const offset = this.#addressOffset;
    if (offset === absent) return false;
    const family = addressFamily(bytes, offset, this.#addressLength);
    if (family === undefined) return false;
    this.family = family;
    this.port = readPort(bytes, offset);
    this.word0 = family === 4 ? 0 : readAddressWord(bytes, offset, 0);
    this.word1 = family === 4 ? 0 : readAddressWord(bytes, offset, 1);
    this.word2 = family === 4 ? 0 : readAddressWord(bytes, offset, 2);
    this.word3 = readAddressWord(bytes, offset, family === 4 ? 0 : 3);
    return true;
  }
}
