import { connectionsOfNode } from "../../src/storage/postgres/database.ts";
import { type Assumptions, measured } from "./measured.ts";

/** The load of a cluster of some nodes. */
export interface Load {
  readonly nodes: number;
  readonly updates: number;
  readonly appends: number;
  /** Bytes per second. */
  readonly wal: number;
  readonly notifications: number;
  /** Bytes per second that the database sends. */
  readonly egress: number;
  /** The cores that the database uses. */
  readonly engineCores: number;
  /** The part of one core that a node uses: it handles its clients on one. */
  readonly nodeCore: number;
  readonly sessions: number;
  /** Bytes. */
  readonly sessionMemory: number;
  readonly nodeMemory: number;
  /** The resource with the least headroom, and how much of it is used. */
  readonly first: { readonly what: string; readonly used: number };
}

const perSecond = 1_000_000;
/** A node sends its messages at most once in this time. */
const messagesIntervalMs = 3;
/** The bytes that one notification can carry, and the characters that it has for each byte. */
const notificationBytes = 5_985;
const base64 = 4 / 3;
/** The bytes that an announced append has besides its updates, and an update besides its names. */
const batchBytes = 15;
const rowBytes = 5;
/** Each notification begins with the name of its sender. */
const senderBytes = 16;
/** A session of a node hears announced appends, another one the messages. Each notification wakes both. */
const listenersOfNode = 2;

/** Adds up what the nodes of a cluster do in a second, without a proxy that keeps a document on few nodes. */
export function loadOf(nodes: number, given: Assumptions): Load {
  const m = (key: keyof typeof measured) => measured[key].value;
  const connections = nodes * given.connections;
  const typists = (connections * given.typing) / 100;
  const updates = typists * given.rate;
  // A node sends one append at a time, with all updates that have come meanwhile.
  const appends = nodes * Math.min(updates / nodes, 1_000 / m("interval"));
  const others = nodes - 1;
  const changes = nodes === 1 ? 0 : updates;
  const messages =
    nodes === 1
      ? 0
      : Math.max(
          (changes * given.presence) / notificationBytes,
          nodes * Math.min(changes / nodes, 1_000 / messagesIntervalMs),
        );
  // Each append is announced, also by a node that is alone.
  const notifications = appends + messages;
  const wal = updates * m("walRow") + appends * m("walBatch") + notifications * m("walNotify");
  const announcedBytes = updates * (given.bytes + given.names + rowBytes) + appends * batchBytes;
  const egress = nodes * ((announcedBytes + changes * given.presence) * base64 + notifications * senderBytes);
  const engine =
    appends * m("engineBatch") +
    updates * m("engineRow") +
    notifications * (m("engineNotify") + listenersOfNode * nodes * m("engineListener")) +
    nodes * m("engineLook");
  const ofPeers = others / nodes;
  const node =
    (updates / nodes) * (m("nodeUpdate") + m("nodeRow")) +
    (appends / nodes) * m("nodeBatch") +
    (notifications / nodes) * m("nodeNotify") +
    ofPeers * (appends * m("nodeAnnounced") + updates * m("nodeAnnouncedRow")) +
    notifications * m("nodeDelivery");
  const documents = (connections / given.room) * (1 - (1 - 1 / nodes) ** given.room);
  const sessions = nodes * connectionsOfNode;
  const load = {
    nodes,
    updates,
    appends,
    wal,
    notifications,
    egress,
    engineCores: (m("busy") * engine) / perSecond,
    nodeCore: node / perSecond,
    sessions,
    sessionMemory: sessions * m("sessionMemory") * 1e6,
    nodeMemory: 1_000 * (given.connections * m("connectionMemory") + documents * m("documentMemory")),
  };
  return { ...load, first: firstOf(load, given) };
}

function firstOf(load: Omit<Load, "first">, { cores, memory, network }: Assumptions): Load["first"] {
  const used: readonly (readonly [what: string, used: number])[] = [
    ["CPU of the database", load.engineCores / cores],
    ["notifications of the database", load.notifications / measured.commits.value],
    ["network of the database", load.egress / (network * 1e6)],
    ["CPU of a node", load.nodeCore],
    ["memory of a node", load.nodeMemory / (memory * 1e6)],
  ];
  const [what = "", part = 0] = used.toSorted(([, left], [, right]) => right - left)[0] ?? [];
  return { what, used: part };
}
