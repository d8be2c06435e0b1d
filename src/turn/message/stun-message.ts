import { isSameBytes } from "../../lib/crypto/same-bytes.ts";
import { isAttributeRight } from "./attribute-form.ts";
import { attributes, isComprehensionRequired } from "./attributes.ts";
import { readUint16, readUint32 } from "./big-endian.ts";
import { integrityAt, integrityBytes } from "./integrity.ts";
import { classOf, type MessageClass, methodOf } from "./message-type.ts";
import {
  attributeHeaderBytes,
  hasStunHeader,
  headerBytes,
  padded,
  transactionIdBytes,
  transactionIdOffset,
} from "./stun-header.ts";
import { readAddress, type TransportAddress } from "./transport-address.ts";

/** The longest request. The time to verify a signature grows with the length, before the sender is authenticated. */
export const maxRequestBytes = 4_096;
/** The most attributes: a CreatePermission has one for each peer. */
const maxAttributes = 128;
/** The most unknown attributes that an answer names, so that it does not become longer than the request. */
const maxUnknown = 16;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Attribute {
  readonly type: number;
  /** The offset of the value. */
  readonly offset: number;
  /** The length of the value, without padding. */
  readonly length: number;
}

interface Layout {
  /** In their order, up to MESSAGE-INTEGRITY. */
  readonly found: readonly Attribute[];
  /** The offset of the attribute MESSAGE-INTEGRITY. */
  readonly integrityOffset: number | undefined;
  readonly hasFingerprint: boolean;
}

/**
 * Reads a whole STUN message (RFC 8489 §5). Undefined for bytes that are malformed or have a wrong FINGERPRINT: these are
 * dropped without an answer.
 */
export function decodeStun(bytes: Uint8Array): StunMessage | undefined {
  if (!hasStunHeader(bytes)) return undefined;
  const layout = readLayout(bytes);
  return layout === undefined ? undefined : new StunMessage(bytes, layout);
}

/**
 * A STUN message in the bytes that it came in, which must not change meanwhile.
 *
 * The first of several attributes of one type counts, and none that follows MESSAGE-INTEGRITY (RFC 8489 §14). A value of a
 * wrong length reads as undefined, although `has` is true.
 */
export class StunMessage {
  readonly bytes: Uint8Array;
  readonly method: number;
  readonly messageClass: MessageClass;
  readonly #layout: Layout;

  constructor(bytes: Uint8Array, layout: Layout) {
    const type = readUint16(bytes, 0);
    this.bytes = bytes;
    this.method = methodOf(type);
    this.messageClass = classOf(type);
    this.#layout = layout;
  }

  get transactionId(): Uint8Array {
    return this.bytes.subarray(transactionIdOffset, transactionIdOffset + transactionIdBytes);
  }

  get hasIntegrity(): boolean {
    return this.#layout.integrityOffset !== undefined;
  }

  get hasFingerprint(): boolean {
    return this.#layout.hasFingerprint;
  }

  has(attribute: number): boolean {
    return this.#find(attribute) !== undefined;
  }

  bytesOf(attribute: number): Uint8Array | undefined {
    const found = this.#find(attribute);
    return found === undefined ? undefined : this.bytes.subarray(found.offset, found.offset + found.length);
  }

  /** Undefined also for a value that is not UTF-8. */
  textOf(attribute: number): string | undefined {
    const value = this.bytesOf(attribute);
    try {
      return value === undefined ? undefined : utf8.decode(value);
    } catch {
      return undefined;
    }
  }

  uint32Of(attribute: number): number | undefined {
    const found = this.#find(attribute, 4);
    return found === undefined ? undefined : readUint32(this.bytes, found.offset);
  }

  /** The first two bytes of a value of four; the others are reserved. */
  uint16Of(attribute: number): number | undefined {
    const found = this.#find(attribute, 4);
    return found === undefined ? undefined : readUint16(this.bytes, found.offset);
  }

  /** The first byte of a value of four; the others are reserved. */
  uint8Of(attribute: number): number | undefined {
    const found = this.#find(attribute, 4);
    return found === undefined ? undefined : this.bytes[found.offset];
  }

  /** The address in an XOR-…-ADDRESS attribute. */
  addressOf(attribute: number): TransportAddress | undefined {
    const found = this.#find(attribute);
    return found === undefined ? undefined : readAddress(this.bytes, found.offset, found.length);
  }

  /** The addresses in all XOR-…-ADDRESS attributes of that type: undefined for each one that is malformed. */
  addressesOf(attribute: number): readonly (TransportAddress | undefined)[] {
    return this.#layout.found
      .filter(({ type }) => type === attribute)
      .map(({ offset, length }) => readAddress(this.bytes, offset, length));
  }

  /** The code of an ERROR-CODE attribute (RFC 8489 §14.8). */
  get errorCode(): number | undefined {
    const value = this.bytesOf(attributes.errorCode);
    if (value === undefined || value.byteLength < 4) return undefined;
    return ((value[2] ?? 0) & 0x7) * 100 + (value[3] ?? 0);
  }

  /** The attributes, at most 16, that must be understood (RFC 8489 §14) and are not in `understood`. */
  unknownRequired(understood: ReadonlySet<number>): readonly number[] {
    const unknown = new Set<number>();
    for (const { type } of this.#layout.found) {
      if (unknown.size === maxUnknown) break;
      if (isComprehensionRequired(type) && !understood.has(type)) unknown.add(type);
    }
    return [...unknown];
  }

  /** Whether the message has a MESSAGE-INTEGRITY that was made with the key. */
  isSignedWith(key: Uint8Array): boolean {
    const offset = this.#layout.integrityOffset;
    if (offset === undefined) return false;
    const valueOffset = offset + attributeHeaderBytes;
    const value = this.bytes.subarray(valueOffset, valueOffset + integrityBytes);
    return isSameBytes(value, integrityAt(this.bytes, offset, key));
  }

  #find(attribute: number, length?: number): Attribute | undefined {
    const found = this.#layout.found.find(({ type }) => type === attribute);
    return length === undefined || found?.length === length ? found : undefined;
  }
}

/** Walks the attributes of a message whose header is right. A FINGERPRINT is found only as an attribute of its own. */
function readLayout(bytes: Uint8Array): Layout | undefined {
  const found: Attribute[] = [];
  let integrityOffset: number | undefined;
  let hasFingerprint = false;
  let offset = headerBytes;
  while (offset < bytes.byteLength) {
    const type = readUint16(bytes, offset);
    const length = readUint16(bytes, offset + 2);
    if (!isAttributeRight(bytes, offset, type, length) || found.length === maxAttributes) return undefined;
    if (type === attributes.fingerprint) hasFingerprint = true;
    const valueOffset = offset + attributeHeaderBytes;
    if (integrityOffset === undefined) found.push({ type, offset: valueOffset, length });
    if (type === attributes.messageIntegrity) integrityOffset ??= offset;
    offset = valueOffset + padded(length);
  }
  return { found, integrityOffset, hasFingerprint };
}
