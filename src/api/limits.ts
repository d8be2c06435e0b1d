import { kibibyte, type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** Bounds on requests to the API under /v1. */
export const apiLimits = limits({
  apiBurst: {
    default: 200,
    unit: "count",
    help: "requests to /v1 and /ice at once from one address (of IPv6: one /64), except loopback; requests with an API key count for the key",
    beyond: "429",
  },
  apiRequestsPerSecond: {
    default: 50,
    unit: "per second",
    help: "the same, in the long run",
    beyond: "429",
  },
  apiKeyBurst: {
    default: 2_000,
    unit: "count",
    help: "requests to /v1 at once with one API key",
    beyond: "429",
  },
  apiKeyRequestsPerSecond: {
    default: 500,
    unit: "per second",
    help: "the same, in the long run",
    beyond: "429",
  },
  apiJsonBytes: {
    default: 256 * kibibyte,
    unit: "bytes",
    help: "a JSON body of a request to /v1 that is not a document",
    beyond: "413",
  },
  apiBodiesBytes: {
    default: 256 * mebibyte,
    unit: "bytes",
    help: "the bodies of all requests to /v1 that are being read or stored",
    beyond: "503",
    needsRestart: true,
  },
  apiBodiesBytesPerCaller: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "the bodies of requests to /v1 of one API key, user or address that are being read or stored",
    beyond: "429",
  },
  apiEventStreams: {
    default: 2_000,
    unit: "count",
    help: "open event streams of /v1",
    beyond: "503",
  },
  apiEventStreamsPerCaller: {
    default: 200,
    unit: "count",
    help: "open event streams of one API key, user, or address (of IPv6: one /64) except loopback",
    beyond: "429",
  },
  apiEventBytes: {
    default: 4 * mebibyte,
    unit: "bytes",
    help: "events that wait for the reader of one event stream",
    beyond: "the stream ends; its reader resumes",
  },
  apiEventsBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "events that wait for the readers of all event streams",
    beyond: "the stream with the most waiting events ends; its reader can resume",
  },
  apiKeptAnswers: {
    default: 10_000,
    unit: "count",
    help: "answers to requests with an Idempotency-Key that are kept",
    beyond: "the oldest one is forgotten",
  },
  apiKeptAnswersPerCaller: {
    default: 1_000,
    unit: "count",
    help: "the same of one API key, token, user or address",
    beyond: "its oldest one is forgotten",
  },
  apiKeptAnswersBytes: {
    default: 16 * mebibyte,
    unit: "bytes",
    help: "memory of these answers",
    beyond: "the oldest one is forgotten",
  },
});

export type ApiLimits = LimitValues<typeof apiLimits>;
