import * as decoding from "lib0/decoding";
import { DecodeError, readByte, readUint } from "./strict-decoding.ts";
import { deepestNesting, parseStrictly } from "./strict-json.ts";

/** yjs/src/structs/Item.js, `contentRefs`. */
export const contentRef = {
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  doc: 9,
} as const;

/** yjs/src/structs/ContentType.js, `typeRefs`: array, map, text, XML element, XML fragment, XML hook, XML text. */
const typeRefCount = 7;
const xmlElementRef = 3;
const xmlHookRef = 5;

/** lib0/decoding.js, `readAny`. */
const anyType = {
  bytes: 116,
  array: 117,
  object: 118,
  string: 119,
  true: 120,
  false: 121,
  bigint: 122,
  float64: 123,
  float32: 124,
  integer: 125,
  null: 126,
  undefined: 127,
} as const;

/** A text shorter than this has a length of one byte (lib0 writes a second byte from 0x80 on). */
const shortBytes = 32;

/** A part of an item's content: its length in clocks, and its bytes without the number that precedes them. */
export interface ContentPart {
  readonly length: number;
  /** The number that precedes the bytes. */
  readonly count: number;
  readonly offset: number;
  readonly endOffset: number;
}

/**
 * Cuts the content of an item, at which the decoder is, into parts of `maxBytes` at the most; a part of a single value
 * may be larger. Undefined for content that is one value.
 */
export function cutItemContent(
  decoder: decoding.Decoder,
  ref: number,
  maxBytes: number,
): readonly ContentPart[] | undefined {
  switch (ref) {
    case contentRef.string:
      return cutText(decoder, maxBytes);
    case contentRef.any:
      return cutValues(decoder, () => readAny(decoder, 0), maxBytes);
    case contentRef.json:
      return cutValues(decoder, () => decoding.readVarString(decoder), maxBytes);
    default:
      return undefined;
  }
}

function cutText(decoder: decoding.Decoder, maxBytes: number): readonly ContentPart[] {
  const { arr } = decoder;
  const end = readUint(decoder) + decoder.pos;
  const parts: ContentPart[] = [];
  while (decoder.pos < end) {
    const offset = decoder.pos;
    let endOffset = Math.min(end, offset + Math.max(maxBytes, longestCharacter));
    // A part ends before the first byte of a character: Yjs replaces halves.
    while (endOffset < end && ((arr[endOffset] ?? 0) & 0xc0) === 0x80) endOffset -= 1;
    const { length } = utf8.decode(arr.subarray(offset, endOffset));
    parts.push({ length, count: endOffset - offset, offset, endOffset });
    decoder.pos = endOffset;
  }
  return parts;
}

function cutValues(decoder: decoding.Decoder, read: () => unknown, maxBytes: number): readonly ContentPart[] {
  const parts: ContentPart[] = [];
  let [offset, length] = [0, 0];
  const end = (endOffset: number) => {
    if (length > 0) parts.push({ length, count: length, offset, endOffset });
    [offset, length] = [endOffset, 0];
  };
  let left = readUint(decoder);
  offset = decoder.pos;
  for (; left > 0; left -= 1) {
    const start = decoder.pos;
    read();
    if (decoder.pos - offset > maxBytes) end(start);
    length += 1;
  }
  end(decoder.pos);
  return parts;
}

/**
 * Whether an item with this content is a part of a tree of XML, or a format of a text. Clients repair what such items
 * are a part of, as they see it after each update: Yjs deletes a format without effect, and editors delete an element
 * that their schema does not allow.
 */
export function isStructural(ref: number, firstByte: number | undefined): boolean {
  return ref === contentRef.format || (ref === contentRef.type && (firstByte ?? 0) >= xmlElementRef);
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** The bytes of the longest character. */
const longestCharacter = 4;

/** Reads past an item's content as Yjs reads it (V1), and returns its length in clocks. */
export function readItemContent(decoder: decoding.Decoder, ref: number): number {
  switch (ref) {
    case contentRef.deleted:
      return readUint(decoder);
    case contentRef.json:
      return readJsonValues(decoder);
    case contentRef.string:
      return readText(decoder);
    case contentRef.any:
      return readAnyValues(decoder);
    case contentRef.binary:
      readBytes(decoder, readUint(decoder));
      return 1;
    case contentRef.embed:
      parseStrictly(decoding.readVarString(decoder));
      return 1;
    case contentRef.format:
      decoding.readVarString(decoder);
      parseStrictly(decoding.readVarString(decoder));
      return 1;
    case contentRef.type:
      readType(decoder);
      return 1;
    case contentRef.doc:
      readSubdocument(decoder);
      return 1;
    default:
      throw new DecodeError("unknown content type");
  }
}

/** Returns the text's length in UTF-16 code units. */
function readText(decoder: decoding.Decoder): number {
  const { arr, pos } = decoder;
  const length = arr[pos] ?? shortBytes;
  // A keystroke is usually one letter: decoding it would take as long as reading the rest of the update.
  if (length < shortBytes && isAscii(arr, pos + 1, pos + 1 + length)) {
    decoder.pos = pos + 1 + length;
    return length;
  }
  return decoding.readVarString(decoder).length;
}

/** False also when the array ends before `end`. */
function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    if ((bytes[index] ?? 0x80) >= 0x80) return false;
  }
  return true;
}

function readType(decoder: decoding.Decoder): void {
  const ref = readUint(decoder);
  if (ref >= typeRefCount) throw new DecodeError("unknown shared type");
  if (ref === xmlElementRef || ref === xmlHookRef) decoding.readVarString(decoder);
}

/**
 * Reads a subdocument: its guid, then its options, which every client spreads into `new Y.Doc({ guid, ...options })`.
 *
 * Yjs never writes the options `guid` and `gcFilter`, and both do harm: a `guid` that is not a string cannot be written
 * again, and a `gcFilter` would be called.
 */
function readSubdocument(decoder: decoding.Decoder): void {
  decoding.readVarString(decoder);
  if (readByte(decoder) !== anyType.object) throw new DecodeError("subdocument without options");
  for (let left = readUint(decoder); left > 0; left -= 1) {
    const key = decoding.readVarString(decoder);
    if (key === "guid" || key === "gcFilter") throw new DecodeError("subdocument with an option that Yjs never writes");
    readAny(decoder, 1);
  }
}

function readJsonValues(decoder: decoding.Decoder): number {
  const count = readUint(decoder);
  for (let left = count; left > 0; left -= 1) {
    const text = decoding.readVarString(decoder);
    if (text !== "undefined") parseStrictly(text);
  }
  return count;
}

function readAnyValues(decoder: decoding.Decoder): number {
  const count = readUint(decoder);
  for (let left = count; left > 0; left -= 1) readAny(decoder, 0);
  return count;
}

/** Reads past one value of lib0's `any` encoding without building it; returns its type. */
function readAny(decoder: decoding.Decoder, depth: number): number {
  if (depth > deepestNesting) throw new DecodeError("value nested too deeply");
  const type = readByte(decoder);
  switch (type) {
    case anyType.undefined:
    case anyType.null:
    case anyType.true:
    case anyType.false:
      break;
    case anyType.integer:
      decoding.readVarInt(decoder);
      break;
    case anyType.float32:
      readBytes(decoder, 4);
      break;
    case anyType.float64:
    case anyType.bigint:
      readBytes(decoder, 8);
      break;
    case anyType.string:
      decoding.readVarString(decoder);
      break;
    case anyType.bytes:
      readBytes(decoder, readUint(decoder));
      break;
    case anyType.array:
      for (let left = readUint(decoder); left > 0; left -= 1) readAny(decoder, depth + 1);
      break;
    case anyType.object:
      readEntries(decoder, depth + 1);
      break;
    default:
      throw new DecodeError("unknown value type");
  }
  return type;
}

/**
 * Reads the entries of an object. lib0 assigns `object[key]`, so bytes under `__proto__` would become the prototype
 * of an object that lib0 takes for bytes when it writes it, and then throws.
 */
function readEntries(decoder: decoding.Decoder, depth: number): void {
  for (let left = readUint(decoder); left > 0; left -= 1) {
    const key = decoding.readVarString(decoder);
    const type = readAny(decoder, depth);
    if (key === "__proto__" && type === anyType.bytes) throw new DecodeError("bytes as the prototype of an object");
  }
}

function readBytes(decoder: decoding.Decoder, length: number): void {
  decoding.readUint8Array(decoder, length);
}
