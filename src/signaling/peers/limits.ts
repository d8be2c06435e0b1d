import { type LimitValues, limits } from "../../config/limit.ts";

export const peersLimits = limits({
  peersDevices: { default: 5_000, unit: "count", help: "registered devices", needsRestart: true },
  peersCorrespondents: {
    default: 256,
    unit: "count",
    help: "devices that one device hears of because they have exchanged messages: the last ones",
  },
});

export type PeersLimits = LimitValues<typeof peersLimits>;
