import type { JsonDialect } from "../dialects.ts";
import { isCliffy } from "./codec.ts";
import { type CliffyOptions, CliffySession, type Peers } from "./session.ts";

/** Signaling for Cliffy: rooms of peers with ids and names, who offer to each other by id. */
export function cliffy(options: CliffyOptions): JsonDialect {
  const peers: Peers = new Map();
  return {
    name: "cliffy",
    recognises: isCliffy,
    open: (client) => new CliffySession(client, options, peers),
  };
}
