import { kibibyte, type LimitValues, limits, mebibyte } from "../../config/limit.ts";

/** Bounds of `/collab`, whose connections carry several documents. */
export const hocuspocusLimits = limits({
  documentsPerConnection: { default: 1_000, unit: "count", help: "documents on one connection" },
  documentsPerAddress: {
    default: 3_000,
    unit: "count",
    help: "documents on all connections of one address (of IPv6: one /64) together, except loopback; each connection counts",
  },
  concurrentAuthorizations: {
    default: 100,
    unit: "count",
    help: "documents of one connection that are authorized at a time, reauthorization included",
    beyond: "delayed",
  },
  authenticationMs: {
    default: 15_000,
    unit: "ms",
    help: "until a document of a connection must be authorized, whatever the client sends meanwhile; as long after the first denial, a connection without another document is closed",
  },
  withoutDocumentMs: {
    default: 60_000,
    unit: "ms",
    help: "how long a connection without a document stays open",
    beyond: "closed: timeout",
  },
  tokenBurst: {
    default: 10,
    unit: "count",
    help: "tokens that one connection sends at once for a document",
    beyond: "delayed",
  },
  tokensPerSecond: {
    default: 1,
    unit: "per second",
    help: "tokens that one connection sends for a document",
    beyond: "delayed",
  },
  attachmentInboxBytes: {
    default: 64 * kibibyte,
    unit: "bytes",
    help: "received for one document of a connection and not yet handled",
    beyond: "delayed",
  },
  statelessLength: {
    default: mebibyte,
    unit: "characters",
    help: "one stateless message",
    beyond: "dropped",
  },
  statelessBurst: {
    default: 400,
    unit: "count",
    help: "stateless messages of one connection at once, for each document",
    beyond: "delayed",
  },
  statelessPerSecond: {
    default: 30,
    unit: "per second",
    help: "stateless messages of one connection, for each document",
    beyond: "delayed",
  },
  // All members are sent them, and those whose links take less are disconnected.
  statelessCharactersPerSecond: {
    default: 256 * kibibyte,
    unit: "per second",
    help: "characters of the stateless messages of one connection, for each document; at once as many, or one message of any length",
    beyond: "delayed",
  },
  statelessDocumentCharactersPerSecond: {
    default: mebibyte,
    unit: "per second",
    help: "the same, of all connections together",
    beyond: "delayed",
  },
});

export type HocuspocusLimits = LimitValues<typeof hocuspocusLimits>;
