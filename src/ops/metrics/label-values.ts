/**
 * The fixed sets of label values. A value outside its set is counted as `other`.
 *
 * They repeat names that are defined where the work is done; a test compares them.
 */

/** The wire protocols, by `Protocol.name`, and the dialects of the JSON signaling. */
export const protocolNames = [
  ...["y-websocket", "hocuspocus", "json-signaling", "y-webrtc", "octatecode", "octatecode-editor", "octatecode-peers"],
  ...["cliffy", "peerjs", "peers", "engine.io"],
] as const;

/** The names of the close reasons. */
export const closeReasonNames = [
  ...["finished", "restart", "internal-error", "overloaded", "storage-unavailable"],
  ...["authorization-unavailable", "grant-expired", "not-yet-valid", "unresponsive", "room-full", "rate-limited"],
  ...["malformed-frame", "unauthorized", "forbidden", "timeout", "replaced", "id-taken", "frame-too-large"],
] as const;

/** Why an upgrade was refused. */
export const upgradeRefusals = [
  ...["unauthenticated", "host", "origin", "path", "handshake", "restart"],
  ...["connections", "rate", "address-connections", "address-rate", "engine-sessions"],
] as const;

export const storeOperations = ["append", "sync", "load", "checkpoint", "fold"] as const;

export const compactionOutcomes = ["done", "failed", "tried"] as const;

/** `damaged`: the copy is complete, and updates in it are damaged. */
export const backupOutcomes = ["done", "damaged", "failed"] as const;

export const backupCommandOutcomes = ["done", "failed", "timeout"] as const;

export const denialKinds = ["sync", "signaling", "upgrade"] as const;

export const denialCodes = [
  ...["no-token", "malformed-token", "bad-signature", "expired", "not-yet-valid", "wrong-issuer", "wrong-audience"],
  ...["revoked", "wrong-room", "not-admin", "refused", "unavailable"],
] as const;

export const mailboxOutcomes = ["kept", "refused", "delivered", "expired"] as const;

export const webhookOutcomes = ["granted", "denied", "suspended", "failed"] as const;

/** The bounds at which messages beside the document are dropped: options, and the highest clock, which is a constant. */
export const messageBounds = [
  ...["limits.awareness-state-length", "limits.awareness-length", "limits.awareness-clients"],
  ...["limits.awareness-clients-per-connection", "limits.awareness-frame-bytes", "awareness-clock"],
  ...["limits.stateless-length", "limits.relay-frame-bytes"],
] as const;

/** The bounds that a signaling client can meet. */
export const signalingBounds = [
  ...["frame-bytes", "json-depth", "name", "topics-per-frame", "topics-per-connection", "topics-per-address"],
  ...["room-members", "rooms", "publish-rate", "address-publish-rate", "fan-out", "authorization-rate"],
  ...["first-frame", "no-room", "mailbox"],
] as const;
