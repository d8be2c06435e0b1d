import { type LimitValues, limits, mebibyte } from "../../config/limit.ts";

export const peerJsLimits = limits({
  // Applications put data of their own into the metadata of an offer.
  peerjsFrameBytes: {
    default: mebibyte,
    unit: "bytes",
    help: "one message of a PeerJS client",
    beyond: "refused: EXPIRE",
    needsRestart: true,
  },
  peerjsMembers: { default: 5_000, unit: "count", help: "connected clients", needsRestart: true },
});

export type PeerJsLimits = LimitValues<typeof peerJsLimits>;
