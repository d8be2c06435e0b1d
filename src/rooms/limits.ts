import { type LimitValues, limits } from "../config/limit.ts";

/** Bounds that all protocols with rooms share. */
export const roomLimits = limits({
  nameBytes: { default: 256, unit: "bytes", help: "a document name, topic, room name or peer id" },
});

export type RoomLimits = LimitValues<typeof roomLimits>;
