import type { Administration } from "../auth/administration.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { openAuthorizer } from "../auth/open-authorizer.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import { cliffyCodec } from "../signaling/cliffy/codec.ts";
import { cliffy } from "../signaling/cliffy/dialect.ts";
import type { SharedRoom } from "../signaling/cluster/roster.ts";
import { Rosters } from "../signaling/cluster/rosters.ts";
import { jsonDialects } from "../signaling/dialects.ts";
import { MailBudget } from "../signaling/mail-budget.ts";
import { Members } from "../signaling/members.ts";
import { octateCode } from "../signaling/octatecode/dialect.ts";
import { octateEditorCodec } from "../signaling/octatecode/editor-codec.ts";
import { octateCodeEditor } from "../signaling/octatecode/editor-dialect.ts";
import { octatePeersCodec } from "../signaling/octatecode/peers-codec.ts";
import { octateCodePeers } from "../signaling/octatecode/peers-dialect.ts";
import { OctateRooms } from "../signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../signaling/octatecode/signed-room-tokens.ts";
import type { PeerCodec } from "../signaling/peer-codec.ts";
import { PeerCluster } from "../signaling/peer-rooms/peer-cluster.ts";
import { type Peer, PeerRoom } from "../signaling/peer-rooms/peer-room.ts";
import { PeerJsNamespace } from "../signaling/peerjs/namespace.ts";
import { peerjs } from "../signaling/peerjs/protocol.ts";
import { Devices } from "../signaling/peers/devices.ts";
import { peers } from "../signaling/peers/protocol.ts";
import { Quotas } from "../signaling/quotas.ts";
import { peerJsRoomName, peersRoomName } from "../signaling/room-names.ts";
import type { SignalingMember, SignalingRooms, WatchedRoom } from "../signaling/signaling-rooms.ts";
import { yWebrtc } from "../signaling/y-webrtc/dialect.ts";
import { subscriberInfo } from "../signaling/y-webrtc/subscriber-info.ts";
import { Topic } from "../signaling/y-webrtc/topic.ts";
import { type CloseReason, closeReasons } from "../transport/close-reason.ts";
import { EngineIo } from "../transport/engine-io/engine-io.ts";
import type { Protocol } from "../transport/protocol.ts";
import type { IceServers } from "../turn/ice/ice-servers.ts";
import { endpointsOf, type Part } from "./part.ts";
import { RoomRegistries } from "./room-registries.ts";
import type { PartDependencies, ServerOptions } from "./server-options.ts";

export interface SignalingOptions extends PartDependencies, Pick<ServerOptions, "peerjs"> {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  readonly iceServers: IceServers;
  /** Signs the room tokens of OctateCode, on all servers that share it; undefined for one that shares none. */
  readonly roomTokenSecret?: Uint8Array<ArrayBuffer> | undefined;
  /** How long a room without members stays open. */
  readonly lingerMs: number;
}

/** The dependencies that every signaling protocol shares. */
interface SignalingDependencies extends SignalingOptions {
  readonly quotas: Quotas;
}

export interface SignalingPart extends Part {
  /** The open rooms of each protocol. */
  readonly rooms: readonly SignalingRooms[];
}

/** The part of a server that connects clients to each other. */
export function openSignaling(options: SignalingOptions): SignalingPart {
  const { addresses, clock, limits, log, metrics, originPolicy, outboxes, scheduler } = options;
  const shared = { ...options, quotas: new Quotas({ addresses, limits, clock, log, metrics }) };
  const direct = openDirectSignaling(shared);
  const dialects = openDialects(shared);
  // The JSON dialects come last: on the compatibility ports they take every path.
  const protocols = [direct.peerjs, dialects.protocol];
  const engines = [
    new EngineIo({ protocol: direct.peers, originPolicy, addresses, limits, clock, log, metrics, outboxes, scheduler }),
  ];
  const closeEngines = async (reason: CloseReason) => {
    await Promise.all(engines.map((engine) => engine.close(reason)));
  };
  return {
    rooms: [...dialects.rooms, ...direct.rooms],
    protocols,
    engines,
    // The banner begins with the JSON dialects: y-webrtc's URL is the one that most applications need.
    endpoints: endpointsOf([...protocols.toReversed(), ...engines]),
    drain: closeEngines,
    [Symbol.asyncDispose]: async () => {
      await using closing = new AsyncDisposableStack();
      // In reverse order: the sessions of the engines end before the devices that they have registered.
      closing.defer(() => direct.close());
      closing.defer(() => dialects.close());
      closing.defer(() => closeEngines(closeReasons.restart));
    },
  };
}

interface Dialects extends Pick<SignalingPart, "rooms"> {
  readonly protocol: Protocol;
  close(): Promise<void>;
}

/** Signaling in rooms, by JSON messages. To add a dialect, write its folder and one line in the list. */
function openDialects(shared: SignalingDependencies): Dialects {
  const { authorizer, bus, clock, limits, metrics, openChannel, roomTokenSecret } = shared;
  const registries = new RoomRegistries(shared);
  const openTopic = () => {
    const { signalingRoomMembers: memberLimit, peerIdsPerSubscriber } = limits;
    return new Topic({ openChannel, memberLimit, peerIdsPerSubscriber, clock });
  };
  const octateRooms = new OctateRooms({ bus, openChannel, limits, clock });
  metrics.rooms.readFrom("signaling", () => registries.size + octateRooms.size);
  // OctateCode's own tokens permit every room, so only a server that is open to everyone mints them.
  const tokens =
    authorizer === openAuthorizer ? new SignedRoomTokens(clock, limits.roomTokenMs, roomTokenSecret) : undefined;
  const peerRooms = {
    editor: openPeerRooms(shared, registries, { subject: "octatecode-editor", codec: octateEditorCodec }),
    peers: openPeerRooms(shared, registries, { subject: "octatecode-peers", codec: octatePeersCodec }),
    cliffy: openPeerRooms(shared, registries, {
      subject: "cliffy",
      codec: cliffyCodec,
      peers: new Members(Number.POSITIVE_INFINITY),
    }),
  };
  const subscribers =
    bus &&
    new Rosters({
      node: bus.node,
      codec: subscriberInfo,
      openPort: (listener) => bus.open("y-webrtc", listener),
    });
  const topics = openShared(registries, openTopic, subscribers);
  const dialects = [
    // The editor comes before OctateCode's first dialect, whose clients begin with the same type.
    octateCodeEditor({ ...shared, ...peerRooms.editor }),
    octateCode({ ...shared, rooms: octateRooms, tokens, usage: processUsage }),
    octateCodePeers({ ...shared, ...peerRooms.peers }),
    cliffy({ ...shared, ...peerRooms.cliffy }),
    // y-webrtc comes last: it has no first message of its own.
    yWebrtc({ ...shared, rooms: topics }),
  ];
  return {
    protocol: jsonDialects({ ...shared, dialects }),
    rooms: [
      roomsIn("y-webrtc", topics, (subscriber) => subscriber.user),
      roomsIn("cliffy", peerRooms.cliffy.rooms, ({ pass }) => pass.user),
      roomsIn("octatecode-editor", peerRooms.editor.rooms, ({ pass }) => pass.user),
      roomsIn("octatecode-peers", peerRooms.peers.rooms, ({ pass }) => pass.user),
      {
        protocol: "octatecode",
        names: () => Array.from(octateRooms, ({ facts }) => facts.roomId),
        members: (name) => octateRooms.find(name),
        watch: watchIn(octateRooms),
      },
    ],
    close: async () => {
      octateRooms.close();
      await registries[Symbol.asyncDispose]();
    },
  };
}

/** The dialect of rooms of peers, and the scope of their ids. */
interface PeerRoomsOptions {
  readonly subject: string;
  readonly codec: PeerCodec;
  readonly peers?: Members<Peer>;
}

/** The rooms of peers of a dialect, and what the nodes of a cluster tell each other about them. */
function openPeerRooms(shared: SignalingDependencies, registries: RoomRegistries, options: PeerRoomsOptions) {
  const { bus, limits, openChannel } = shared;
  const openRoom = () => new PeerRoom(openChannel, limits.signalingRoomMembers);
  if (bus === undefined) return { rooms: registries.open(openRoom), cluster: undefined };
  const cluster = new PeerCluster({ ...shared, ...options, bus });
  const rooms = registries.open(
    (name) => cluster.share(name, openRoom()),
    (room) => cluster.close(room),
  );
  return { rooms, cluster };
}

/** Opens the rooms of a dialect, whose members on all nodes of a cluster meet. */
function openShared<Info, Room extends SharedRoom<Info> & { close(): void }>(
  registries: RoomRegistries,
  open: () => Room,
  rosters: Rosters<Info> | undefined,
): RoomRegistry<Room> {
  if (rosters === undefined) return registries.open(open);
  return registries.open(
    (name) => rosters.share(name, open()),
    (room) => room.close(),
  );
}

/** The rooms of a registry whose rooms are their members. */
function roomsIn<M extends SignalingMember>(
  protocol: string,
  registry: Pick<RoomRegistry<Iterable<M> & WatchedRoom>, "entries" | "find">,
  userOf: (member: M) => string | undefined,
): SignalingRooms {
  return {
    protocol,
    names: () => Array.from(registry.entries(), ([name]) => name),
    members: (name) => {
      const room = registry.find(name);
      return room && Array.from(room, (member) => ({ connection: member.connection, user: userOf(member) }));
    },
    watch: watchIn(registry),
  };
}

function watchIn(rooms: { find(name: string): WatchedRoom | undefined }): SignalingRooms["watch"] {
  return (name, watcher) => {
    const room = rooms.find(name);
    if (room !== undefined) room.watcher = watcher;
  };
}

/** Clients that are all in one room. */
function oneRoom(protocol: string, name: string, room: Iterable<SignalingMember> & WatchedRoom): SignalingRooms {
  const find = (asked: string) => (asked === name ? room : undefined);
  return { protocol, names: () => [name], members: find, watch: watchIn({ find }) };
}

/** The usage that OctateCode's clients show, in megabytes and microseconds. */
function processUsage() {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  const memory = {
    heapUsed: megabytes(heapUsed),
    heapTotal: megabytes(heapTotal),
    heapPercent: Math.round((100 * heapUsed) / heapTotal),
    external: megabytes(external),
  };
  return { uptimeMs: Math.round(process.uptime() * 1_000), memory, cpu: { user, system, total: user + system } };
}

/** Signaling between clients that name their receiver. For a receiver that is not connected yet, messages are queued. */
function openDirectSignaling(shared: SignalingDependencies) {
  const { addresses, bus, clock, limits, metrics } = shared;
  const { key, discoveryEnabled } = shared.peerjs;
  const mailBudget = new MailBudget({ limitBytes: limits.mailboxesBytes, addresses });
  metrics.budgets.readFrom("mailboxes", { used: () => mailBudget.usedBytes, limit: () => limits.mailboxesBytes });
  const peerJsRoom = peerJsRoomName(key);
  const clusterOf = (room: string) => bus && { bus, room };
  const namespace = new PeerJsNamespace({ mailBudget, clock, cluster: clusterOf(peerJsRoom), limits, metrics });
  const devices = new Devices({ mailBudget, clock, cluster: clusterOf(peersRoomName), limits, metrics });
  return {
    peerjs: peerjs({ ...shared, key, discoveryEnabled, namespace }),
    peers: peers({ ...shared, devices }),
    rooms: [oneRoom("peerjs", peerJsRoom, namespace), oneRoom("peers", peersRoomName, devices)],
    close: () => {
      namespace.close();
      devices.close();
    },
  };
}
