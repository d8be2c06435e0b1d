import { type LimitValues, limits, mebibyte } from "../../config/limit.ts";

/** Bounds on reading and changing the content of documents on the server. */
export const contentLimits = limits({
  contentWorkers: {
    default: 2,
    unit: "count",
    help: "threads that read and change the content of documents",
    beyond: "requests wait",
    max: 64,
    needsRestart: true,
  },
  contentRequests: {
    default: 64,
    unit: "count",
    help: "requests for the content of documents at once, those that wait included",
    beyond: "503",
  },
  contentRequestsPerCaller: {
    default: 16,
    unit: "count",
    help: "requests of one API key, user or address for the content of documents at once",
    beyond: "429",
  },
  contentRequestMs: {
    default: 10_000,
    unit: "ms",
    help: "time for one request for the content of a document, its waiting included",
    beyond: "503",
    needsRestart: true,
  },
  contentDocBytes: {
    default: 256 * mebibyte,
    unit: "bytes",
    help: "estimated memory of a document whose content is read or changed",
    beyond: "422",
  },
  contentCacheBytes: {
    default: 32 * mebibyte,
    unit: "bytes",
    help: "cache of answers with the content of documents",
  },
  apiCopies: {
    default: 4,
    unit: "count",
    help: "exports and imports of /v1 at once; counted apart, lists of documents by size or last change",
    beyond: "503",
  },
  apiCopiesPerCaller: {
    default: 2,
    unit: "count",
    help: "the same of one API key, user or address",
    beyond: "429",
  },
  patchBytes: {
    default: 8 * mebibyte,
    unit: "bytes",
    help: "JSON in the body of a request that changes a document",
    beyond: "413",
  },
  patchOperations: {
    default: 10_000,
    unit: "count",
    help: "operations of one JSON Patch",
    beyond: "400",
  },
});

export type ContentLimits = LimitValues<typeof contentLimits>;
