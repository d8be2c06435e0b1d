import { type LimitValues, limits } from "../config/limit.ts";

/** Bounds that all protocols with rooms share. */
export const roomLimits = limits({
  nameBytes: { default: 256, unit: "bytes", help: "a document name, topic, room name or peer id" },
});

/** Bounds on requests for access, each of which may cost a signature check or a call of the application. */
export const accessRateLimits = limits({
  // A connection may join 1,000 documents at once, and their providers send a token before each expiry.
  authorizationBurst: {
    default: 1_000,
    unit: "count",
    help: "requests of one connection for access at once: one for each document, topic, join or token",
    beyond: "delayed",
  },
  authorizationsPerSecond: {
    default: 30,
    unit: "per second",
    help: "requests of one connection for access",
    beyond: "delayed",
  },
  authorizationAddressShare: {
    default: 5,
    unit: "count",
    help: "how many times authorization-burst and authorizations-per-second hold for all connections of one address (of IPv6: one /64), except loopback",
    beyond: "delayed",
  },
});

export type RoomLimits = LimitValues<typeof roomLimits>;
export type AccessRateLimits = LimitValues<typeof accessRateLimits>;
