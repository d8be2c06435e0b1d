import { kibibyte, type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** A bucket holds the bytes of one second: it must take the largest datagram. */
const leastBytesPerSecond = 64 * kibibyte;

/** Bounds on STUN and TURN. Per address they do not hold for loopback; a /64 of IPv6 counts as one address. */
export const turnLimits = limits({
  // Every allocation is a socket with a port of its own.
  turnAllocations: {
    default: 10_000,
    unit: "count",
    help: "TURN allocations of all clients together; each has a UDP socket",
    beyond: "TURN error 508",
  },
  // y-webrtc opens a connection to each peer, with an allocation on each TURN URL: 40 or more for a page with 20 peers.
  turnAllocationsPerUser: {
    default: 500,
    unit: "count",
    help: "TURN allocations of one user, by the user id in the credential; without a user, of one address",
    beyond: "TURN error 486",
  },
  turnAllocationsPerAddress: {
    default: 2_000,
    unit: "count",
    help: "TURN allocations of the clients at one address, except loopback",
    beyond: "TURN error 486",
  },
  turnPermissions: {
    default: 64,
    unit: "count",
    max: 1_000,
    help: "permissions of one TURN allocation, one for each peer address",
    beyond: "TURN error 508",
  },
  turnChannels: {
    default: 64,
    unit: "count",
    max: 1_000,
    help: "channel bindings of one TURN allocation",
    beyond: "TURN error 508",
  },
  turnAllocationBytesPerSecond: {
    default: 4 * mebibyte,
    unit: "per second",
    min: leastBytesPerSecond,
    help: "bytes that one TURN allocation relays, both directions together",
    beyond: "dropped",
  },
  turnUserBytesPerSecond: {
    default: 16 * mebibyte,
    unit: "per second",
    min: leastBytesPerSecond,
    help: "bytes that all TURN allocations of one user relay, both directions together",
    beyond: "dropped",
  },
  turnBytesPerSecond: {
    default: 128 * mebibyte,
    unit: "per second",
    min: leastBytesPerSecond,
    help: "bytes that all TURN allocations relay, both directions together",
    beyond: "dropped",
  },
  // UDP sources can be forged: these limits bound the answers to a victim, at most four times the requests in bytes.
  stunAnswerBurst: {
    default: 400,
    unit: "count",
    help: "answers at once to STUN and TURN requests without a valid credential from one address, except loopback",
    beyond: "not answered",
    needsRestart: true,
  },
  stunAnswersPerSecond: {
    default: 200,
    unit: "per second",
    help: "the same, in the long run",
    beyond: "not answered",
    needsRestart: true,
  },
  turnConnections: {
    default: 10_000,
    unit: "count",
    help: "open TCP and TLS connections to the TURN server",
    beyond: "closed",
  },
  turnConnectionsPerAddress: {
    default: 1_000,
    unit: "count",
    help: "open TCP and TLS connections to the TURN server from one address, except loopback",
    beyond: "closed",
  },
  turnFirstAllocationMs: {
    default: 10_000,
    unit: "ms",
    help: "how long a TCP or TLS connection to the TURN server may have no allocation",
    beyond: "closed",
  },
  turnUnsentBytes: {
    default: 256 * kibibyte,
    unit: "bytes",
    help: "queued for one TCP or TLS client of the TURN server and not yet accepted by the kernel; `outboxes-bytes` bounds all connections together",
    beyond: "whole messages are dropped",
  },
});

export type TurnLimits = LimitValues<typeof turnLimits>;
