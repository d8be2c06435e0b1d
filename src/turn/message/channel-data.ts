import { readUint16 } from "./big-endian.ts";

/** The number of a channel and the length of the data (RFC 8656 §12.4). */
export const channelHeaderBytes = 4;

export type ChannelRange = "rfc-8656" | "rfc-5766";

const lastChannel: Readonly<Record<ChannelRange, number>> = { "rfc-8656": 0x4fff, "rfc-5766": 0x7ffe };

/** Whether a channel may have this number. RFC 5766 allowed more numbers, which old clients use. */
export function isChannelNumber(number: number, range: ChannelRange): boolean {
  return number >= 0x4000 && number <= lastChannel[range];
}

/** The number of the channel of a ChannelData message. */
export function channelNumber(bytes: Uint8Array): number {
  return readUint16(bytes, 0);
}

/**
 * The length of the data of a ChannelData message, which begins behind its header of 4 bytes; -1 if it is truncated. What
 * follows the data is padding.
 */
export function channelDataLength(bytes: Uint8Array): number {
  if (bytes.byteLength < channelHeaderBytes) return -1;
  const length = readUint16(bytes, 2);
  return channelHeaderBytes + length > bytes.byteLength ? -1 : length;
}
