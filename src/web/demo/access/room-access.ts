/**
 * The changes that this window may make. A window that the server has never let in may `write` as well: it has a copy of
 * its own.
 */
export type RoomAccess = "unknown" | "read" | "write";
