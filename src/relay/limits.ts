import { kibibyte, type LimitValues, limits, mebibyte } from "../config/limit.ts";

/** A small update has no more structs or ranges than this, and is read without counting them first (`readReceived`). */
const smallUpdateCount = 16 * kibibyte;

export const relayLimits = limits({
  // A client that worked offline sends everything in one SyncStep2: a frame may be as large as a document.
  relayFrameBytes: {
    default: 50 * mebibyte,
    unit: "bytes",
    help: "one frame of a document protocol",
    beyond: "closed: frame-too-large; presence and stateless messages are dropped",
    needsRestart: true,
  },
  documentBytes: {
    default: 50 * mebibyte,
    unit: "bytes",
    help: "one document, compacted; deletions are taken beyond it as well",
    beyond: "the update is refused",
  },
  // A client brings a whole document in one SyncStep2 when the server has lost it, so the bounds of an update are those of
  // a document. Measured: docs/data.md.
  documentStructs: {
    default: 2_000_000,
    unit: "count",
    help: "structs of one document, compacted: runs of text, map entries, formats, marks of deleted content",
    beyond: "the update is refused",
  },
  documentClients: {
    default: 50_000,
    unit: "count",
    help: "client ids that have inserted into one document: one for each time that a page was opened and edited",
    beyond: "the update is refused",
  },
  documentDeletedRanges: {
    default: 300_000,
    unit: "count",
    help: "deleted ranges of one document, compacted; an update that only deletes may bring twice as many",
    beyond: "the update is refused",
  },
  updateStructs: {
    default: 2_000_000,
    unit: "count",
    help: "structs of one update",
    beyond: "closed: frame-too-large",
    min: smallUpdateCount,
  },
  updateClients: {
    default: 50_000,
    unit: "count",
    help: "client ids in one update, of those that insert and of those whose content is deleted",
    beyond: "closed: frame-too-large",
    min: smallUpdateCount,
  },
  updateDeletedRanges: {
    default: 300_000,
    unit: "count",
    help: "deleted ranges of one update",
    beyond: "closed: frame-too-large",
    min: smallUpdateCount,
  },
  awarenessStateLength: {
    default: 64 * kibibyte,
    unit: "characters",
    help: "one awareness state, as JSON",
    beyond: "dropped",
  },
  // Well below an outbox: a client that joins is sent all of them.
  awarenessLength: {
    default: mebibyte,
    unit: "characters",
    help: "the awareness states of one document, as JSON",
    beyond: "dropped",
  },
  awarenessFrameBytes: {
    default: mebibyte,
    unit: "bytes",
    help: "one awareness update",
    beyond: "dropped",
  },
  awarenessClients: {
    default: 10_000,
    unit: "count",
    help: "client ids whose awareness clocks are remembered for one document",
    beyond: "dropped, unless a client that is gone can be forgotten",
  },
  // Where y-webrtc runs beside y-websocket, a client passes on the states of all its peers: 199 in a full signaling room,
  // and for 30 s also the old ids of those that have reloaded their page, several times perhaps.
  awarenessClientsPerConnection: {
    default: 1_000,
    min: 0,
    unit: "count",
    help: "client ids that one connection brings into the awareness of one document beside its own, as those of WebRTC peers; 0 where clients have no such peers",
    beyond: "dropped",
    needsRestart: true,
  },
  // The cursors of 200 members have about 60,000 characters.
  awarenessBroadcastLength: {
    default: 128 * kibibyte,
    unit: "characters",
    help: "one awareness broadcast of a document, of which there is one per 30 ms: its states, and 16 characters for each; less for more than 128 members",
    beyond: "delayed: sent in the next one",
  },
  // A client that receives no whole message for 30 s reconnects: at the default, that is a link of 9 kB/s.
  snapshotPieceBytes: {
    default: 256 * kibibyte,
    unit: "bytes",
    help: "one message with a part of a document; a client is sent an update of more than 1.5 times that in pieces, as its link takes them",
  },
  snapshotsBytes: {
    default: 128 * mebibyte,
    unit: "bytes",
    help: "documents and large updates that are being sent, once each, and their pieces on the way to all clients",
    beyond: "delayed",
    needsRestart: true,
  },
  snapshotBurstBytes: {
    default: 32 * mebibyte,
    unit: "bytes",
    help: "the part of `snapshots-bytes` that is kept for small documents that begin to be sent",
    beyond: "delayed",
    needsRestart: true,
  },
  snapshotAddressBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "as `snapshots-bytes`, for all clients of one address together",
    beyond: "delayed; of the clients whose links take almost nothing some are disconnected: overloaded",
  },
  snapshotRoomBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "as `snapshots-bytes`, for all clients of one document together",
    beyond: "delayed; of the clients whose links take almost nothing some are disconnected: overloaded",
  },
  snapshotConnectionBytes: {
    default: 16 * mebibyte,
    unit: "bytes",
    help: "as `snapshots-bytes`, for all documents of one connection together",
    beyond: "delayed",
  },
  stateVectorBytes: {
    default: mebibyte,
    unit: "bytes",
    help: "one state vector, with which a client asks for what it lacks; about ten for each Yjs client that has written",
    beyond: "closed: frame-too-large",
  },
  // Clients ask once for each connection, and again for each document that is added to it.
  answerBurst: {
    default: 5,
    unit: "count",
    help: "answers to the state vectors of one connection at once, for each document",
    beyond: "delayed; of the state vectors that come meanwhile the last one counts",
  },
  answersPerSecond: {
    default: 1,
    unit: "per second",
    help: "the same, in the long run",
    beyond: "delayed; of the state vectors that come meanwhile the last one counts",
  },
  roomAnswerBurst: {
    default: 2_000,
    unit: "count",
    help: "answers to the state vectors of all clients of one document at once, except those that have nothing",
    beyond: "delayed",
  },
  roomAnswersPerSecond: {
    default: 200,
    unit: "per second",
    help: "the same, in the long run",
    beyond: "delayed",
  },
  // A write has all updates that a client has sent in one turn, if they continue each other.
  waitingWritesPerConnection: {
    default: 100,
    min: 1,
    unit: "count",
    help: "writes of updates of one connection that wait for the store",
    beyond: "delayed",
    needsRestart: true,
  },
  waitingUpdateBytes: {
    default: 64 * mebibyte,
    unit: "bytes",
    help: "updates of all documents that wait for the store; beyond it those that wait for a failing store are discarded",
  },
});

export type RelayLimits = LimitValues<typeof relayLimits>;
