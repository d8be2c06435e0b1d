import { type LimitValues, limits } from "../../config/limit.ts";

/** Bounds on `GET /ice`. They do not hold for loopback. */
export const iceLimits = limits({
  iceBurst: {
    default: 100,
    unit: "count",
    help: "requests to /ice at once from one address (of IPv6: one /64)",
    beyond: "429",
  },
  iceRequestsPerSecond: {
    default: 10,
    unit: "per second",
    help: "requests to /ice from one address",
    beyond: "429",
  },
});

export type IceLimits = LimitValues<typeof iceLimits>;
