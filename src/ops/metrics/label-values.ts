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

/** The protocols of which a session is one of another protocol as soon as its messages show which. */
export const carriers = ["json-signaling", "engine.io"] as const;

/** The protocols whose frames are counted. Those of `engine.io` carry those of `peers`. */
export const wireProtocols = ["y-websocket", "hocuspocus", "json-signaling", "peerjs", "engine.io", "peers"] as const;

/** The names of the close reasons. */
export const closeReasonNames = [
  ...["finished", "restart", "internal-error", "overloaded", "storage-unavailable"],
  ...["authorization-unavailable", "grant-expired", "not-yet-valid", "unresponsive", "room-full", "rate-limited"],
  ...[
    "malformed-frame",
    "unauthorized",
    "forbidden",
    "timeout",
    "replaced",
    "id-taken",
    "frame-too-large",
    "document-deleted",
  ],
] as const;

/** Why an upgrade was refused. */
export const upgradeRefusals = [
  ...["unauthenticated", "host", "origin", "path", "handshake", "restart"],
  ...["connections", "rate", "address-connections", "address-rate", "engine-sessions"],
] as const;

export const storeOperations = ["append", "sync", "load", "checkpoint", "fold"] as const;

export const compactionOutcomes = ["done", "failed", "tried"] as const;

/** `skipped`: it would have cost too much. */
export const recordingOutcomes = ["recorded", "skipped", "failed"] as const;

export const historyParts = ["segment", "snapshot"] as const;

/** `damaged`: the copy is complete, and updates in it are damaged. */
export const backupOutcomes = ["done", "damaged", "failed"] as const;

export const backupCommandOutcomes = ["done", "failed", "timeout"] as const;

export const denialKinds = ["sync", "signaling", "upgrade", "api"] as const;

export const denialCodes = [
  ...["no-token", "malformed-token", "bad-signature", "expired", "not-yet-valid", "wrong-issuer", "wrong-audience"],
  ...["revoked", "wrong-room", "not-admin", "refused", "unavailable", "deleted", "disconnected"],
] as const;

export const mailboxOutcomes = ["kept", "refused", "delivered", "expired"] as const;

export const webhookOutcomes = ["granted", "denied", "suspended", "failed"] as const;

export const changeWebhookOutcomes = ["delivered", "failed", "gave-up"] as const;

/** The bounds at which messages beside the document are dropped: options, and the highest clock, which is a constant. */
export const messageBounds = [
  ...["limits.awareness-state-length", "limits.awareness-length", "limits.awareness-clients"],
  ...["limits.awareness-clients-per-connection", "limits.awareness-frame-bytes", "awareness-clock"],
  ...["limits.stateless-length", "limits.stateless-document-characters-per-second", "limits.relay-frame-bytes"],
] as const;

/** The bounds whose hits are counted, by their options. */
export const boundNames = [
  ...["limits.connections", "limits.connections-per-address", "limits.upgrades-per-second"],
  ...["limits.address-upgrades-per-second", "limits.engine-sessions", "limits.engine-packet-burst"],
  ...["limits.first-frame-bytes", "limits.unfinished-frame-bytes", "limits.inbox-bytes", "limits.waiting-frames"],
  ...["limits.outbox-bytes", "limits.outboxes-bytes", "limits.snapshot-bytes", "limits.snapshots-bytes"],
  ...["limits.ping-answer-ms", "limits.relay-frame-bytes", "limits.state-vector-bytes", "limits.waiting-update-bytes"],
  ...["limits.update-structs", "limits.update-clients", "limits.update-deleted-ranges"],
  ...["limits.document-bytes", "limits.document-structs", "limits.document-clients", "limits.document-deleted-ranges"],
  ...["limits.awareness-state-length", "limits.awareness-length", "limits.awareness-clients"],
  ...["limits.awareness-clients-per-connection", "limits.awareness-frame-bytes", "limits.stateless-length"],
  "limits.stateless-document-characters-per-second",
  ...["limits.authentication-ms", "limits.authorizations-per-second"],
  ...["limits.documents-per-connection", "limits.documents-per-address", "limits.without-document-ms"],
  ...["limits.signaling-frame-bytes", "limits.peerjs-frame-bytes", "limits.json-depth", "limits.name-bytes"],
  ...["limits.topics-per-frame", "limits.topics-per-connection", "limits.topics-per-address"],
  ...["limits.signaling-room-members", "limits.empty-rooms", "limits.publishes-per-second"],
  ...["limits.publish-address-share", "limits.fan-out-deliveries", "limits.first-frame-ms", "limits.without-room-ms"],
  ...["limits.mailbox-bytes", "limits.webhook-queue", "limits.validations-per-second", "limits.revocations"],
  ...["limits.api-requests-per-second", "limits.api-key-requests-per-second", "limits.api-bodies-bytes"],
  ...["limits.api-bodies-bytes-per-caller", "limits.content-requests", "limits.content-requests-per-caller"],
  ...["limits.api-copies", "limits.api-copies-per-caller"],
  ...["limits.api-event-streams", "limits.api-event-streams-per-caller", "limits.api-event-bytes"],
  ...["limits.ice-requests-per-second"],
  ...["limits.turn-connections", "limits.turn-connections-per-address", "limits.turn-first-allocation-ms"],
  ...["limits.turn-unsent-bytes"],
  ...["limits.stun-answers-per-second", "limits.turn-allocations", "limits.turn-allocations-per-user"],
  ...["limits.turn-allocations-per-address", "limits.turn-permissions", "limits.turn-channels"],
  ...["limits.turn-allocation-bytes-per-second", "limits.turn-user-bytes-per-second", "limits.turn-bytes-per-second"],
  ...["limits.api-events-bytes", "limits.api-guests", "limits.api-guests-per-caller"],
  ...["limits.api-kept-answers", "limits.api-kept-answers-per-caller", "limits.api-kept-answers-bytes"],
  "limits.document-versions",
] as const;

/** The bounds on memory that all clients share. */
export const budgetNames = [
  ...["documents", "waiting-updates", "snapshots", "outboxes", "mailboxes", "departed-inboxes"],
] as const;

export const apiOutcomes = ["done", "refused", "limited", "failed"] as const;

export const certificateSources = ["acme", "files"] as const;

export const certificateOutcomes = ["issued", "failed", "loaded", "refused"] as const;

/** How clients reach the TURN server. */
export const turnTransports = ["udp", "tcp", "tls"] as const;

export const turnDirections = ["to-peer", "to-client"] as const;

/** The error codes of STUN and TURN (RFC 8489 §14.8, RFC 8656 §19) that this server answers. */
export const turnErrorCodes = [300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 500, 508] as const;

/** Why the TURN server has dropped a message without an answer. */
export const turnDropReasons = [
  ...["malformed", "rate", "no-allocation", "no-permission", "forbidden-peer", "own-address", "unbound-channel"],
  ...["bandwidth", "not-sent", "slow-reader", "source-port", "amplification"],
] as const;
