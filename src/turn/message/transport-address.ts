import type { IpAddress } from "../../lib/address/ip-address.ts";
import { readUint16, readUint32, writeUint16, writeUint32 } from "./big-endian.ts";
import { cookieOffset, magicCookie } from "./stun-header.ts";

export interface TransportAddress {
  readonly ip: IpAddress;
  readonly port: number;
}

export const familyCodes = { 4: 0x01, 6: 0x02 } as const;

/** The bytes of the value of an XOR-…-ADDRESS attribute. */
export function addressBytes(family: 4 | 6): number {
  return family === 4 ? 8 : 20;
}

/**
 * The family of the value of an XOR-…-ADDRESS attribute (RFC 8489 §14.2) at `offset`, with that length; undefined when it
 * is malformed.
 */
export function addressFamily(bytes: Uint8Array, offset: number, length: number): 4 | 6 | undefined {
  const code = bytes[offset + 1];
  if (code === familyCodes[4]) return length === addressBytes(4) ? 4 : undefined;
  return code === familyCodes[6] && length === addressBytes(6) ? 6 : undefined;
}

export function readPort(message: Uint8Array, offset: number): number {
  return readUint16(message, offset + 2) ^ (magicCookie >>> 16);
}

/** A word of the address: IPv4 has word 0 only. The message's header holds what it is combined with. */
export function readAddressWord(message: Uint8Array, offset: number, word: 0 | 1 | 2 | 3): number {
  return (readUint32(message, offset + 4 + 4 * word) ^ readUint32(message, cookieOffset + 4 * word)) >>> 0;
}

/** The value of an XOR-…-ADDRESS attribute at `offset` of a message; undefined when it is malformed. */
export function readAddress(message: Uint8Array, offset: number, length: number): TransportAddress | undefined {
  const family = addressFamily(message, offset, length);
  if (family === undefined) return undefined;
  const port = readPort(message, offset);
  const word0 = readAddressWord(message, offset, 0);
  if (family === 4) return { ip: { family, word0: 0, word1: 0, word2: 0, word3: word0 }, port };
  const word1 = readAddressWord(message, offset, 1);
  const word2 = readAddressWord(message, offset, 2);
  return { ip: { family, word0, word1, word2, word3: readAddressWord(message, offset, 3) }, port };
}

/** Writes the value of an XOR-…-ADDRESS attribute into a message whose cookie and transaction id are in place. */
export function writeAddress(message: Uint8Array, offset: number, ip: IpAddress, port: number): void {
  message[offset] = 0;
  message[offset + 1] = familyCodes[ip.family];
  writeUint16(message, offset + 2, port ^ (magicCookie >>> 16));
  if (ip.family === 4) {
    writeUint32(message, offset + 4, ip.word3 ^ magicCookie);
    return;
  }
  writeUint32(message, offset + 4, ip.word0 ^ magicCookie);
  writeUint32(message, offset + 8, ip.word1 ^ readUint32(message, cookieOffset + 4));
  writeUint32(message, offset + 12, ip.word2 ^ readUint32(message, cookieOffset + 8));
  writeUint32(message, offset + 16, ip.word3 ^ readUint32(message, cookieOffset + 12));
}
