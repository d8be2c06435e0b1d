import type { IpAddress } from "../../lib/address/ip-address.ts";
import { attributes } from "./attributes.ts";
import { writeUint16, writeUint32 } from "./big-endian.ts";
import { type ErrorCode, reasonOf } from "./error-codes.ts";
import { fingerprintAt, fingerprintBytes } from "./fingerprint.ts";
import { integrityAt, integrityBytes } from "./integrity.ts";
import { type MessageClass, messageType } from "./message-type.ts";
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

const maxMessageBytes = headerBytes + 0xffff;
const utf8 = new TextEncoder();

/**
 * Writes one STUN message after the other into the same buffer: `begin`, the attributes in their order, `finish`.
 *
 * A message that would be longer than 65,535 bytes is an error of the caller: it throws a RangeError.
 */
export class StunWriter {
  readonly #bytes = new Uint8Array(maxMessageBytes);
  #end = headerBytes;

  /** The transaction id has 12 bytes. It may lie in the message that is answered. */
  begin(method: number, messageClass: MessageClass, transactionId: Uint8Array): this {
    if (transactionId.byteLength !== transactionIdBytes) throw new RangeError("A transaction id has 12 bytes");
    writeUint16(this.#bytes, 0, messageType(method, messageClass));
    writeUint32(this.#bytes, cookieOffset, magicCookie);
    this.#bytes.set(transactionId, transactionIdOffset);
    this.#end = headerBytes;
    return this;
  }

  bytes(attribute: number, value: Uint8Array): this {
    this.#bytes.set(value, this.#add(attribute, value.byteLength));
    return this;
  }

  text(attribute: number, value: string): this {
    return this.bytes(attribute, utf8.encode(value));
  }

  uint32(attribute: number, value: number): this {
    writeUint32(this.#bytes, this.#add(attribute, 4), value);
    return this;
  }

  /** A value of two bytes, and two reserved ones. */
  uint16(attribute: number, value: number): this {
    return this.uint32(attribute, value << 16);
  }

  /** A value of one byte, and three reserved ones. */
  uint8(attribute: number, value: number): this {
    return this.uint32(attribute, value << 24);
  }

  /** An XOR-…-ADDRESS. */
  address(attribute: number, ip: IpAddress, port: number): this {
    writeAddress(this.#bytes, this.#add(attribute, addressBytes(ip.family)), ip, port);
    return this;
  }

  /** An ERROR-CODE with its reason, which may be shortened. */
  error(code: ErrorCode, reason: string = reasonOf(code)): this {
    const text = utf8.encode(reason);
    const offset = this.#add(attributes.errorCode, 4 + text.byteLength);
    writeUint32(this.#bytes, offset, (Math.floor(code / 100) << 8) | (code % 100));
    this.#bytes.set(text, offset + 4);
    return this;
  }

  unknownAttributes(types: readonly number[]): this {
    let offset = this.#add(attributes.unknownAttributes, 2 * types.length);
    for (const type of types) {
      writeUint16(this.#bytes, offset, type);
      offset += 2;
    }
    return this;
  }

  /** Adds MESSAGE-INTEGRITY. Only `fingerprint` may follow. */
  sign(key: Uint8Array): this {
    const offset = this.#end;
    const valueOffset = this.#add(attributes.messageIntegrity, integrityBytes);
    this.#bytes.set(integrityAt(this.#bytes, offset, key), valueOffset);
    return this;
  }

  /** Adds FINGERPRINT, which ends the message. */
  fingerprint(): this {
    const offset = this.#end;
    const valueOffset = this.#add(attributes.fingerprint, fingerprintBytes);
    this.#writeLength();
    writeUint32(this.#bytes, valueOffset, fingerprintAt(this.#bytes, offset));
    return this;
  }

  /** The message, until the next `begin`: it must be copied to be kept. */
  finish(): Uint8Array {
    this.#writeLength();
    return this.#bytes.subarray(0, this.#end);
  }

  #writeLength(): void {
    writeUint16(this.#bytes, 2, this.#end - headerBytes);
  }

  /** Adds the header and the padding of an attribute; returns the offset of its value. */
  #add(attribute: number, length: number): number {
    const offset = this.#end + attributeHeaderBytes;
    const end = offset + padded(length);
    if (end > maxMessageBytes) throw new RangeError("The message is too long");
    writeUint16(this.#bytes, this.#end, attribute);
    writeUint16(this.#bytes, this.#end + 2, length);
    if (length % 4 !== 0) writeUint32(this.#bytes, end - 4, 0);
    this.#end = end;
    return offset;
  }
}
