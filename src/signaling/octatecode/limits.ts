import { type LimitValues, limits, mebibyte } from "../../config/limit.ts";

export const octateCodeLimits = limits({
  emptyRooms: { default: 1_000, unit: "count", help: "rooms without members that are kept", beyond: "503" },
  emptyRoomMs: { default: 600_000, unit: "ms", help: "how long a room without members is kept" },
  roomContentLength: {
    default: 16 * mebibyte,
    unit: "characters",
    help: "content that all rooms together keep for clients that join",
  },
  roomTokenMs: { default: 3_600_000, unit: "ms", help: "how long a room token admits its user" },
});

export type OctateCodeLimits = LimitValues<typeof octateCodeLimits>;
