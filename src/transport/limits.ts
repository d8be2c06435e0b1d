import { kibibyte, type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** Bounds per address count as `CountedAddresses` does. */
export const transportLimits = limits({
  connections: {
    default: 50_000,
    unit: "count",
    help: "open WebSockets, from all addresses together",
    beyond: "503 with Retry-After",
  },
  connectionsPerAddress: {
    default: 1_000,
    unit: "count",
    max: 1_000_000,
    isCommon: true,
    help: "open WebSockets from one address, which a school or an office shares: two for each page, or more",
    beyond: "503 with Retry-After",
  },
  upgradeBurst: {
    default: 1_000,
    unit: "count",
    help: "WebSockets opened at once, from all addresses together",
    beyond: "503 with Retry-After",
  },
  upgradesPerSecond: {
    default: 5_000,
    unit: "per second",
    help: "WebSockets opened, from all addresses together",
    beyond: "503 with Retry-After",
  },
  addressUpgradeBurst: {
    default: 500,
    unit: "count",
    help: "WebSockets opened at once from one address, as by all clients of an office after a restart",
    beyond: "503 with Retry-After",
  },
  addressUpgradesPerSecond: {
    default: 50,
    unit: "per second",
    max: 1_000_000,
    isCommon: true,
    help: "WebSockets opened from one address",
    beyond: "503 with Retry-After",
  },
  engineSessions: {
    default: 5_000,
    unit: "count",
    help: "Socket.IO sessions, by polling or WebSocket, from all addresses together",
    beyond: "503 with Retry-After",
  },
  enginePacketBurst: {
    default: 2_000,
    unit: "count",
    help: "packets of one Socket.IO session at once, in one request or several, pings and pongs included",
    beyond: "closed: rate-limited",
  },
  enginePacketsPerSecond: {
    default: 200,
    unit: "per second",
    help: "packets of one Socket.IO session",
    beyond: "closed: rate-limited",
  },
  firstFrameBytes: {
    default: 64 * kibibyte,
    unit: "bytes",
    help: "what a client sends before it is admitted (an incomplete frame is bounded while the server's memory grows, on Linux); admitted are clients with access to a document of /sync and /collab or to PeerJS, and others by their first message",
    beyond: "closed: overloaded",
  },
  unfinishedFrameBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "incomplete frames of all clients together, those of more than `first-frame-bytes` each (Linux); and as many bytes of incomplete Socket.IO requests",
    beyond: "closed: overloaded, beginning with the address that has sent most of them",
  },
  workBurstMs: {
    default: 200,
    unit: "ms",
    help: "estimated processing time of one connection's frames, at once",
    beyond: "delayed while others wait",
  },
  workMsPerSecond: {
    default: 100,
    unit: "per second",
    help: "estimated processing time of one connection's frames, in ms",
    beyond: "delayed while others wait",
  },
  workAddressShare: {
    default: 5,
    unit: "count",
    help: "how many times work-burst-ms and work-ms-per-second hold for all connections of one address (of IPv6: one /64), except loopback",
    beyond: "delayed while others wait",
  },
  departedInboxBytes: {
    default: 16 * mebibyte,
    unit: "bytes",
    help: "frames not yet handled of clients that have disconnected, all together",
    beyond: "dropped: none of them has been acknowledged",
  },
  readAheadBytes: {
    default: 16 * kibibyte,
    unit: "bytes",
    help: "received from one client and not yet handled, beyond which its socket is not read",
    beyond: "delayed",
  },
  waitingFrames: {
    default: 50_000,
    unit: "count",
    help: "frames of one client that wait: all frames of what was read of its socket, or had come before it disconnected",
    beyond: "closed: rate-limited",
  },
  inboxBytes: {
    default: mebibyte,
    unit: "bytes",
    help: "received from one client and not yet handled, in protocols that cannot be delayed",
    beyond: "closed: rate-limited",
  },
  outboxBytes: {
    default: 4 * mebibyte,
    unit: "bytes",
    help: "queued for one client and not yet accepted by the kernel, a snapshot in flight excluded",
    beyond: "closed: overloaded",
  },
  outboxesBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "the same of all clients together, as far as each has more than 64 KiB",
    beyond: "closed: overloaded, beginning with the address that has most of them",
  },
  idlePingMs: {
    default: 30_000,
    unit: "ms",
    help: "how long a client may send nothing before it is pinged",
    beyond: "pinged",
  },
  pingAnswerMs: {
    default: 10_000,
    unit: "ms",
    help: "how long a client that is pinged has to answer, beyond the time that it needs for what was sent before",
    beyond: "closed: unresponsive",
  },
  closingMs: {
    default: 30_000,
    unit: "ms",
    help: "how long a client that the server disconnects may take to receive what was sent to it before",
    beyond: "disconnected without a code",
  },
  snapshotBytes: {
    default: 128 * mebibyte,
    unit: "bytes",
    help: "snapshots queued for one client and not yet accepted by the kernel",
    beyond: "closed: overloaded",
  },
});

export type TransportLimits = LimitValues<typeof transportLimits>;
