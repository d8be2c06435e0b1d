/** The kind of a message, which its first two bits tell (RFC 8656 §12); undefined for anything else. */
export function frameKind(bytes: Uint8Array): "stun" | "channel-data" | undefined {
  // Without a first byte, the result is 3 as well.
  switch ((bytes[0] ?? 0xff) >> 6) {
    case 0:
      return "stun";
    case 1:
      return "channel-data";
    default:
      return undefined;
  }
}
