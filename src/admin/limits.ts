import { type LimitValues, limits } from "../config/limit.ts";

/** Bounds on the HTTP API. They do not hold for loopback. */
export const adminLimits = limits({
  validationBurst: {
    default: 50,
    unit: "count",
    help: "requests to /api/validate at once from one address (of IPv6: one /64)",
    beyond: "429",
  },
  validationsPerSecond: {
    default: 10,
    unit: "per second",
    help: "requests to /api/validate from one address",
    beyond: "429",
  },
});

export type AdminLimits = LimitValues<typeof adminLimits>;
