import { type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** Bounds on what requests ask of documents. */
export const documentApiLimits = limits({
  apiUpdateBytes: {
    default: 50 * mebibyte,
    unit: "bytes",
    help: "an update in the body of a request to /v1",
    beyond: "413",
  },
  apiStatesBytes: {
    default: 32 * mebibyte,
    unit: "bytes",
    help: "cache of encoded documents for requests to /v1",
  },
  apiGuests: {
    default: 1_000,
    unit: "count",
    help: "clients with an awareness state by requests to /v1 alone, without an event stream",
    beyond: "503",
  },
  apiGuestsPerCaller: {
    default: 100,
    unit: "count",
    help: "clients of one API key, user or address with an awareness state, without an event stream",
    beyond: "429",
  },
  documentVersions: {
    default: 10_000,
    unit: "count",
    help: "named versions of one document",
    beyond: "409",
  },
});

export type DocumentApiLimits = LimitValues<typeof documentApiLimits>;
