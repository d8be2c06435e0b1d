/** Every bound on what clients may ask of the server. Byte limits count encoded bytes. */
export interface Limits {
  /** One relay frame: as large as a document, because a client that worked offline brings it in one SyncStep2. */
  readonly relayFrameBytes: number;
  /** The stored bytes of one document (compacted base and updates since). */
  readonly documentBytes: number;
  /** One awareness state, as JSON text, in UTF-16 code units. */
  readonly awarenessStateLength: number;
  /** The awareness states of one room together, likewise: well below an outbox, since a joiner is sent them all. */
  readonly awarenessLength: number;
  /** One awareness update, encoded. */
  readonly awarenessFrameBytes: number;
  /** Client ids whose awareness clocks one room remembers. */
  readonly awarenessClients: number;
  /** Documents on one connection whose protocol carries several. */
  readonly documentsPerConnection: number;
  /** Of these, those about which is being decided whether they may be entered, also once more; the others wait. */
  readonly undecidedDocuments: number;
  /** Until that must be known, however much the client says meanwhile. */
  readonly authenticationMs: number;
  /** How long such a connection stays open without a document. */
  readonly withoutDocumentMs: number;
  /** Bytes received for one document of such a connection that wait; beyond it the socket is not read. */
  readonly attachmentInboxBytes: number;
  /** One stateless message, in UTF-16 code units. */
  readonly statelessLength: number;
  /** Stateless messages for one document from one connection: at once, and per second. What is beyond waits. */
  readonly statelessBurst: number;
  readonly statelessPerSecond: number;
  /** One signaling frame. */
  readonly signalingFrameBytes: number;
  /** Nesting of one signaling message. */
  readonly jsonDepth: number;
  /** A document name or topic. */
  readonly nameBytes: number;
  /** Topics in one subscribe or unsubscribe frame. */
  readonly topicsPerFrame: number;
  /** Topics that one connection is subscribed to. */
  readonly topicsPerConnection: number;
  /** Bytes received for topics of one connection that it may not enter yet; beyond it the connection waits. */
  readonly pendingTopicBytes: number;
  /** y-webrtc peer ids that one subscriber of a topic is reached by; the last ones that it has used. */
  readonly peerIdsPerSubscriber: number;
  /** Members of one signaling room. */
  readonly signalingRoomMembers: number;
  /** Messages that one connection may have forwarded: at once, and per second. Beyond it the connection waits. */
  readonly publishBurst: number;
  readonly publishesPerSecond: number;
  /** How many times as much all connections of one address may, a /64 counting as one address. Not for loopback. */
  readonly publishAddressShare: number;
  /** Messages that one connection may have delivered to others per 10 s, each receiver counted. Beyond it it waits. */
  readonly fanOutDeliveries: number;
  /** From the opening of a signaling connection to its first frame: lib0's client without a topic pings after 15 s. */
  readonly firstFrameMs: number;
  /** How long a signaling connection may be in no room. */
  readonly withoutRoomMs: number;
  /** How long a client whose id someone else claims has to show that it is still there. */
  readonly livenessProbeMs: number;
  /** OctateCode's rooms that nobody is in: how many are kept, and for how long. */
  readonly emptyRooms: number;
  readonly emptyRoomMs: number;
  /** What OctateCode's rooms keep for who joins, of all rooms together, in UTF-16 code units. */
  readonly roomContentLength: number;
  /** Questions of one address about what its token may do: at once, and per second. Not for loopback. */
  readonly validationBurst: number;
  readonly validationsPerSecond: number;
  /** How long a token lets its user into its room. */
  readonly roomTokenMs: number;
  /** How long a token may be good for: what is revoked is remembered as long. */
  readonly tokenMs: number;
  /** Revocations that are remembered; beyond it the administrator is refused another. */
  readonly revocations: number;
  /** Clients of PeerJS that are connected. */
  readonly peerjsMembers: number;
  /** Devices of Peers that are registered. */
  readonly peersDevices: number;
  /** Others that one device of Peers, for having exchanged messages with them, hears of; the last ones. */
  readonly peersCorrespondents: number;
  /** Sessions of Engine.IO, polling or over WebSockets, from all addresses together. */
  readonly engineSessions: number;
  /** Messages that wait for one member that is offline, and their bytes. */
  readonly mailboxLetters: number;
  readonly mailboxBytes: number;
  /** Of these, those of one sender. */
  readonly mailboxSenderLetters: number;
  readonly mailboxSenderBytes: number;
  /** Bytes of messages that wait for all members together, with what it takes to keep them. */
  readonly mailboxesBytes: number;
  /** Of these, those of one sender. */
  readonly mailboxesSenderBytes: number;
  /** Until the application has answered who may enter, the wait for others' questions included. */
  readonly webhookTimeoutMs: number;
  /** Questions to the application at a time; others wait. */
  readonly webhookConcurrency: number;
  /** Of one address, a /64 counting as one, so many wait at most; what is beyond is refused for now. */
  readonly webhookQueue: number;
  /** How long an answer of the application is good for the same question, and how many are remembered. */
  readonly webhookCacheMs: number;
  readonly webhookCacheEntries: number;
  /** Bytes queued for one client that the kernel has not taken, a snapshot in flight excluded. */
  readonly outboxBytes: number;
  /** Bytes of snapshots queued for one client that the kernel has not taken. */
  readonly snapshotBytes: number;
  /** Bytes of large frames on their way to all clients together. */
  readonly snapshotsBytes: number;
  /** Of these, those that started a moment ago. */
  readonly snapshotBurstBytes: number;
  /** Bytes of documents in memory. */
  readonly documentMemoryBytes: number;
  /** WebSockets that are open, from all addresses together. */
  readonly connections: number;
  /** WebSocket upgrades, from all addresses together: at once, and per second. */
  readonly upgradeBurst: number;
  readonly upgradesPerSecond: number;
  /** Likewise from one address, a /64 counting as one; and how many of its connections may be open. Not for loopback. */
  readonly addressUpgradeBurst: number;
  readonly addressUpgradesPerSecond: number;
  readonly connectionsPerAddress: number;
  /** Bytes received from one client that its session has not handled yet; beyond it the socket is not read. */
  readonly inboxBytes: number;
  /** Bytes of updates, of all documents, that wait for the store. */
  readonly waitingUpdateBytes: number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const day = 86_400_000;

export const defaultLimits: Limits = {
  relayFrameBytes: 50 * mebibyte,
  documentBytes: 50 * mebibyte,
  awarenessStateLength: 64 * kibibyte,
  awarenessLength: mebibyte,
  awarenessFrameBytes: mebibyte,
  awarenessClients: 10_000,
  documentsPerConnection: 1_000,
  undecidedDocuments: 100,
  authenticationMs: 15_000,
  withoutDocumentMs: 60_000,
  attachmentInboxBytes: 64 * kibibyte,
  statelessLength: mebibyte,
  statelessBurst: 400,
  statelessPerSecond: 30,
  signalingFrameBytes: 64 * kibibyte,
  jsonDepth: 32,
  nameBytes: 256,
  topicsPerFrame: 100,
  topicsPerConnection: 100,
  pendingTopicBytes: 64 * kibibyte,
  peerIdsPerSubscriber: 8,
  signalingRoomMembers: 200,
  publishBurst: 400,
  publishesPerSecond: 30,
  publishAddressShare: 5,
  fanOutDeliveries: 20_000,
  firstFrameMs: 20_000,
  withoutRoomMs: 60_000,
  livenessProbeMs: 3_000,
  emptyRooms: 1_000,
  emptyRoomMs: 600_000,
  roomContentLength: 16 * mebibyte,
  validationBurst: 50,
  validationsPerSecond: 10,
  roomTokenMs: 3_600_000,
  tokenMs: 366 * day,
  revocations: 10_000,
  peerjsMembers: 5_000,
  peersDevices: 5_000,
  peersCorrespondents: 256,
  engineSessions: 5_000,
  mailboxLetters: 64,
  mailboxBytes: 64 * kibibyte,
  mailboxSenderLetters: 48,
  mailboxSenderBytes: 48 * kibibyte,
  mailboxesBytes: 64 * mebibyte,
  mailboxesSenderBytes: mebibyte,
  webhookTimeoutMs: 3_000,
  webhookConcurrency: 64,
  webhookQueue: 500,
  webhookCacheMs: 5_000,
  webhookCacheEntries: 10_000,
  outboxBytes: 4 * mebibyte,
  snapshotBytes: 128 * mebibyte,
  snapshotsBytes: 128 * mebibyte,
  snapshotBurstBytes: 32 * mebibyte,
  documentMemoryBytes: 256 * mebibyte,
  connections: 50_000,
  upgradeBurst: 1_000,
  upgradesPerSecond: 5_000,
  addressUpgradeBurst: 50,
  addressUpgradesPerSecond: 20,
  connectionsPerAddress: 100,
  inboxBytes: mebibyte,
  waitingUpdateBytes: 64 * mebibyte,
};
