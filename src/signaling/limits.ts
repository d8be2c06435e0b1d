import { kibibyte, type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** Bounds that several signaling protocols share. */
export const signalingLimits = limits({
  signalingFrameBytes: {
    default: 64 * kibibyte,
    unit: "bytes",
    help: "one signaling message, except of PeerJS",
    beyond: "refused alone",
    needsRestart: true,
  },
  jsonDepth: { default: 32, unit: "count", help: "nesting of one signaling message", beyond: "refused alone" },
  signalingRoomMembers: {
    default: 200,
    unit: "count",
    max: 100_000,
    isCommon: true,
    help: "members of one signaling room",
  },
  topicsPerConnection: {
    default: 100,
    unit: "count",
    help: "y-webrtc topics, or groups of Peers, that one connection is subscribed to",
  },
  topicsPerAddress: {
    default: 10_000,
    unit: "count",
    help: "the same, of all connections of one address (of IPv6: one /64) together, except loopback; each connection counts",
  },
  publishBurst: {
    default: 400,
    unit: "count",
    help: "signaling messages of one connection that are forwarded at once",
    beyond: "delayed",
  },
  publishesPerSecond: {
    default: 30,
    unit: "per second",
    max: 1_000_000,
    isCommon: true,
    help: "signaling messages of one connection that are forwarded",
    beyond: "delayed",
  },
  publishAddressShare: {
    default: 5,
    unit: "count",
    help: "how many times publish-burst and publishes-per-second hold for all connections of one address (of IPv6: one /64), except loopback",
    beyond: "delayed",
  },
  fanOutDeliveries: {
    default: 20_000,
    unit: "per 10 s",
    max: 100_000_000,
    isCommon: true,
    help: "deliveries of one connection's signaling messages, each receiver counted",
    beyond: "delayed",
  },
  // lib0's client without a topic sends its first frame, a ping, after 15 s.
  firstFrameMs: {
    default: 20_000,
    unit: "ms",
    help: "from the opening of a signaling connection to its first frame",
    beyond: "pinged, and closed without an answer: timeout",
    needsRestart: true,
  },
  withoutRoomMs: {
    default: 60_000,
    unit: "ms",
    help: "how long a signaling connection may be in no room",
    beyond: "closed: timeout",
    needsRestart: true,
  },
  livenessProbeMs: {
    default: 3_000,
    unit: "ms",
    help: "how long a client has to answer a ping when another connection claims its id, or when it has sent no frame in time",
  },
  mailboxMessages: {
    default: 64,
    unit: "count",
    help: "messages queued for one PeerJS or Peers client that is offline",
  },
  mailboxBytes: {
    default: 64 * kibibyte,
    unit: "bytes",
    help: "messages queued for one PeerJS or Peers client that is offline",
  },
  mailboxSenderMessages: {
    default: 48,
    unit: "count",
    help: "messages queued for one client by one sender",
  },
  mailboxSenderBytes: {
    default: 48 * kibibyte,
    unit: "bytes",
    help: "messages queued for one client by one sender",
  },
  mailboxesBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "messages queued for all offline clients together, with the memory that keeps them; those of one address (of IPv6: one /64), except loopback, take no more than they leave free",
    needsRestart: true,
  },
  mailboxesSenderBytes: {
    default: mebibyte,
    unit: "bytes",
    help: "messages queued for all offline clients by one sender",
  },
});

export type SignalingLimits = LimitValues<typeof signalingLimits>;
