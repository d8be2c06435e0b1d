import { type LimitValues, limits } from "../../config/limit.ts";

export const peerJsLimits = limits({
  peerjsMembers: { default: 5_000, unit: "count", help: "connected clients" },
});

export type PeerJsLimits = LimitValues<typeof peerJsLimits>;
