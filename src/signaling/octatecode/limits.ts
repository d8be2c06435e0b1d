import { type LimitValues, limits, mebibyte } from "../../config/limit.ts";

export const octateCodeLimits = limits({
  emptyRooms: { default: 1_000, unit: "count", help: "rooms without members that are kept", beyond: "503" },
  emptyRoomMs: { default: 600_000, unit: "ms", help: "how long a room without members is kept", needsRestart: true },
  roomContentLength: {
    default: 16 * mebibyte,
    unit: "characters",
    help: "content that all rooms together keep for clients that join",
  },
  roomTokenMs: { default: 3_600_000, unit: "ms", help: "how long a room token admits its user", needsRestart: true },
  // The clients of one address may be a class.
  roomRequestBurst: {
    default: 500,
    unit: "count",
    help: "requests to /api/auth/token, and to create a room by /api/rooms, at once from one address (of IPv6: one /64), except loopback",
    beyond: "429",
  },
  roomRequestsPerSecond: {
    default: 50,
    unit: "per second",
    help: "requests to /api/auth/token, and to create a room by /api/rooms, from one address",
    beyond: "429",
  },
});

export type OctateCodeLimits = LimitValues<typeof octateCodeLimits>;
