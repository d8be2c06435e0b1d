/** The bytes of a client's frame with its header (RFC 6455 §5.2): 2 bytes, the mask, and a longer length. */
export function frameWireBytes(length: number): number {
  if (length < 126) return length + 6;
  return length + (length < 65_536 ? 8 : 14);
}

/** A record of TLS has at most this more than its content: with TLS 1.3 it is 22 bytes, with AES-GCM in TLS 1.2 29. */
const recordBytes = 32;
/** Programs send the header of a frame and its content in records of their own. */
const recordsPerFrame = 2;
/** The content of a small record, as some programs send them on new connections. */
const smallestRecord = 1_024;

/** The most that TLS adds to a frame of so many bytes. */
export function tlsBytes(length: number): number {
  return recordBytes * (recordsPerFrame + Math.ceil(length / smallestRecord));
}
