/** The methods of STUN and TURN (RFC 8489 §18.2, RFC 8656 §17). */
export const methods = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
} as const;

export type MessageClass = "request" | "indication" | "success" | "error";

const classBits: Readonly<Record<MessageClass, number>> = {
  request: 0x0000,
  indication: 0x0010,
  success: 0x0100,
  error: 0x0110,
};

/** The type field of a message: the two bits of the class stand within the twelve of the method (RFC 8489 §5). */
export function messageType(method: number, messageClass: MessageClass): number {
  return (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2) | classBits[messageClass];
}

export function methodOf(type: number): number {
  return (type & 0xf) | ((type & 0xe0) >> 1) | ((type & 0x3e00) >> 2);
}

export function classOf(type: number): MessageClass {
  if ((type & 0x0100) === 0) return (type & 0x0010) === 0 ? "request" : "indication";
  return (type & 0x0010) === 0 ? "success" : "error";
}
