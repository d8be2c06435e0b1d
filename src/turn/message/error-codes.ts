/** RFC 8489 §14.8, RFC 8656 §19. */
const reasons = {
  300: "Try Alternate",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  420: "Unknown Attribute",
  437: "Allocation Mismatch",
  438: "Stale Nonce",
  440: "Address Family not Supported",
  441: "Wrong Credentials",
  442: "Unsupported Transport Protocol",
  443: "Peer Address Family Mismatch",
  486: "Allocation Quota Reached",
  500: "Server Error",
  508: "Insufficient Capacity",
} as const;

export type ErrorCode = keyof typeof reasons;

export function reasonOf(code: ErrorCode): string {
  return reasons[code];
}
