import { cliffyCodec } from "../../../src/signaling/cliffy/codec.ts";
import { cliffy } from "../../../src/signaling/cliffy/dialect.ts";
import { octateEditorCodec } from "../../../src/signaling/octatecode/editor-codec.ts";
import { octateCodeEditor } from "../../../src/signaling/octatecode/editor-dialect.ts";
import { octatePeersCodec } from "../../../src/signaling/octatecode/peers-codec.ts";
import { octateCodePeers } from "../../../src/signaling/octatecode/peers-dialect.ts";
import type { PeerNodesOptions } from "./peer-nodes.ts";

type Message = Readonly<Record<string, unknown>>;

/** The frames of a dialect of peer sessions. */
export interface PeerWire extends Omit<PeerNodesOptions, "limits"> {
  readonly name: string;
  readonly join: (id: string, roomId?: string) => Message;
  /** Undefined where a client leaves only by closing its connection. */
  readonly leave: ((id: string, roomId?: string) => Message) | undefined;
  /** A message to one peer, and its frame there; undefined where there is none. */
  readonly signal:
    | ((from: string, to: string, text: string) => readonly [said: Message, received: Message])
    | undefined;
  /** A message to the room, and its frame there; undefined where there is none. */
  readonly broadcast: ((from: string, text: string) => readonly [said: Message, received: Message]) | undefined;
  /** The list that a newcomer receives. */
  readonly list: (ids: readonly string[], own: string) => Message;
  readonly joined: (id: string) => Message;
  readonly left: (id: string, roomId?: string) => Message;
  readonly error: (text: string) => Message;
  readonly roomFull: string;
  /** Reads a frame. */
  readonly read: (frame: unknown) => PeerNews;
}

/** The news in a frame about the peers of a room. */
export interface PeerNews {
  readonly listed?: readonly string[];
  readonly joined?: string;
  readonly left?: string;
}

const room = "room";

interface CliffyFrame {
  readonly type: string;
  readonly peerId: string;
  readonly peers: readonly { readonly id: string }[];
}

interface EditorFrame {
  readonly type: string;
  readonly data: { readonly userId: string; readonly users: readonly { readonly userId: string }[] };
}

export const peerWires: readonly PeerWire[] = [
  {
    name: "cliffy",
    open: cliffy,
    codec: cliffyCodec,
    isUniqueInAllRooms: true,
    join: (peerId, roomId = room) => ({ type: "join", roomId, peerId }),
    leave: (peerId, roomId = room) => ({ type: "leave", roomId, peerId }),
    signal: (from, to, sdp) => [
      { type: "offer", fromPeerId: from, toPeerId: to, sdp },
      { type: "offer", fromPeerId: from, toPeerId: to, sdp },
    ],
    broadcast: undefined,
    list: (ids) => ({ type: "peers", roomId: room, peers: ids.map((id) => ({ id })) }),
    joined: (peerId) => ({ type: "peer-joined", roomId: room, peerId }),
    left: (peerId, roomId = room) => ({ type: "peer-left", roomId, peerId }),
    error: (message) => ({ type: "error", message }),
    roomFull: "Room is full",
    read: (frame) => {
      const { type, peerId, peers } = frame as CliffyFrame;
      if (type === "peers") return { listed: peers.map(({ id }) => id) };
      if (type === "peer-joined") return { joined: peerId };
      return type === "peer-left" ? { left: peerId } : {};
    },
  },
  {
    name: "octatecode-peers",
    open: octateCodePeers,
    codec: octatePeersCodec,
    join: (from, roomId = room) => ({ type: "auth", roomId, from, data: {} }),
    leave: () => ({ type: "leave" }),
    signal: (from, to, data) => [
      { type: "offer", roomId: room, from, to, data },
      { type: "offer", roomId: room, peerId: from, from, to, data },
    ],
    broadcast: (from, data) => [
      { type: "chat", roomId: room, from, data, timestamp: 1 },
      { type: "chat", roomId: room, peerId: from, from, data, timestamp: 1 },
    ],
    list: (ids) => ({ type: "peerList", roomId: room, peers: ids.map((id) => ({ id, name: id })) }),
    joined: (id) => ({ type: "peerJoined", roomId: room, peerId: id, peerName: id }),
    left: (peerId, roomId = room) => ({ type: "peerLeft", roomId, peerId }),
    error: (error) => ({ type: "error", data: { error } }),
    roomFull: "Room not found or join failed",
    read: (frame) => {
      const { type, peerId, peers } = frame as CliffyFrame;
      if (type === "peerList") return { listed: peers.map(({ id }) => id) };
      if (type === "peerJoined") return { joined: peerId };
      return type === "peerLeft" ? { left: peerId } : {};
    },
  },
  {
    name: "octatecode-editor",
    open: octateCodeEditor,
    codec: octateEditorCodec,
    join: (userId, roomId = room) => ({ type: "auth", roomId, data: { userId, userName: userId, token: null } }),
    leave: undefined,
    signal: undefined,
    broadcast: (userId, text) => [
      { type: "operation", operation: text },
      { type: "operation", operation: text, roomId: room, userId, userName: userId },
    ],
    list: (ids, own) => ({
      type: "auth-success",
      data: { userId: own, userName: own, users: ids.map((id) => ({ userId: id, userName: id })) },
    }),
    joined: (id) => ({ type: "user_joined", roomId: room, data: { userId: id, userName: id } }),
    left: (id, roomId = room) => ({ type: "user_left", roomId, data: { userId: id, userName: id } }),
    error: (text) => ({ type: "error", data: { error: text, message: text } }),
    roomFull: "Room not found or join failed",
    read: (frame) => {
      const { type, data } = frame as EditorFrame;
      if (type === "auth-success") return { listed: data.users.map(({ userId }) => userId) };
      if (type === "user_joined") return { joined: data.userId };
      return type === "user_left" ? { left: data.userId } : {};
    },
  },
];
