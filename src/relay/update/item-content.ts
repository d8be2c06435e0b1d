import * as decoding from "lib0/decoding";
import { DecodeError, readByte, readUint } from "./strict-decoding.ts";
import { deepestNesting, parseStrictly } from "./strict-json.ts";

/** yjs/src/structs/Item.js, `contentRefs`. */
const contentRef = {
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
