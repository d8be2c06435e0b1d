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
/** A row that is read has the name of its document, a user and a length besides the update. */
const rowBytes = 90;

/** Adds up what the nodes of a cluster do in a second, without a proxy that keeps a document on few nodes. */
export function loadOf(nodes: number, given: Assumptions): Load {
  const m = (key: keyof typeof measured) => measured[key].value;
  const connections = nodes * given.connections;
  const typists = (connections * given.typing) / 100;
  const updates = typists * given.rate;
  // A node sends one append at a time, with all updates that have come meanwhile.
  const appends = nodes * Math.min(updates / nodes, 1_000 / m("ack"));
  const others = nodes - 1;
  const changes = nodes === 1 ? 0 : updates;
  const messages =
    nodes === 1
      ? 0
      : Math.max(
          (changes * given.presence) / notificationBytes,
          nodes * Math.min(changes / nodes, 1_000 / messagesIntervalMs),
        );
  const rings = nodes === 1 ? 0 : appends;
  const notifications = rings + messages;
  const wal = updates * m("walRow") + appends * m("walBatch");
  const feed = updates * (given.bytes + rowBytes) * others;
  const egress = feed + changes * given.presence * base64 * nodes;
  const engine =
    appends * m("engineBatch") +
    updates * m("engineRow") +
    others * (appends * m("engineRead") + updates * m("engineReadRow")) +
    notifications * (m("engineNotify") + nodes * m("engineDelivery"));
  const ofPeers = others / nodes;
  const node =
    (updates / nodes) * m("nodeUpdate") +
    (appends / nodes) * m("nodeBatch") +
    ofPeers * (appends * m("nodeRead") + updates * m("nodeReadRow")) +
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
    engineCores: engine / perSecond,
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
    ["commits of the database", load.appends / measured.commits.value],
    ["network of the database", load.egress / (network * 1e6)],
    ["CPU of a node", load.nodeCore],
    ["memory of a node", load.nodeMemory / (memory * 1e6)],
  ];
  const [what = "", part = 0] = used.toSorted(([, left], [, right]) => right - left)[0] ?? [];
  return { what, used: part };
}
