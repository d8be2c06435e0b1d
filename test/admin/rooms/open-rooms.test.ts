import { expect, test } from "bun:test";
import { OpenRooms } from "../../../src/admin/rooms/open-rooms.ts";
import type { SignalingRooms } from "../../../src/signaling/signaling-rooms.ts";
import { BusNetwork } from "../../support/cluster/bus-network.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";

/** A protocol with one member in each of these rooms. */
function roomsOf(protocol: string, names: readonly string[]) {
  const connections = new Map(names.map((name) => [name, new FakeConnection(`${protocol} ${name}`)]));
  const source: SignalingRooms = {
    protocol,
    names: () => names,
    members: (name) => {
      const connection = connections.get(name);
      return connection && [{ connection, user: "ann" }];
    },
    watch: () => {},
  };
  return { connections, source };
}

const page = { kind: "signaling", prefix: "", after: undefined } as const;

test("pages follow each other in the order of the names, and lose no room", () => {
  const names = Array.from({ length: 250 }, (_, index) => `room/${(index * 7919) % 1000}`);
  const rooms = new OpenRooms({ sync: undefined, signaling: [roomsOf("y-webrtc", names).source] });
  const found: string[] = [];
  for (let after: string | undefined; ; after = found.at(-1)) {
    const listed = rooms.list({ ...page, after, limit: 20 }).map(({ name }) => name);
    found.push(...listed.slice(0, 20));
    if (listed.length <= 20) break;
  }
  expect(found).toEqual([...names].sort());
});

test("a page has the rooms with the prefix, and one more than the limit", () => {
  const { source } = roomsOf("y-webrtc", ["b/2", "a", "b/1", "c", "b/3"]);
  const rooms = new OpenRooms({ sync: undefined, signaling: [source] });
  const names = (limit: number) => rooms.list({ ...page, prefix: "b/", limit }).map(({ name }) => name);
  expect([names(1), names(3)]).toEqual([
    ["b/1", "b/2"],
    ["b/1", "b/2", "b/3"],
  ]);
});

test("the rooms of one name of two signaling protocols are shown as one", async () => {
  const [webrtc, cliffy] = [roomsOf("y-webrtc", ["a", "b"]), roomsOf("cliffy", ["b"])];
  const rooms = new OpenRooms({ sync: undefined, signaling: [webrtc.source, cliffy.source] });
  expect(rooms.list({ ...page, limit: 10 })).toEqual([
    { name: "a", members: 1, protocols: ["y-webrtc"] },
    { name: "b", members: 2, protocols: ["cliffy", "y-webrtc"] },
  ]);
  expect(rooms.members("sync", "a")).toBeUndefined();
  expect(await rooms.disconnect("signaling", "b", "cliffy b")).toBe(true);
  expect(await rooms.disconnect("signaling", "b", "another")).toBe(false);
  expect(cliffy.connections.get("b")?.closeReason?.code).toBe(4501);
  expect(webrtc.connections.get("b")?.isOpen).toBe(true);
});

test("a member is disconnected on whichever node it is, and only that one", async () => {
  const network = new BusNetwork();
  const nodes = ["a", "b", "c"].map((node) => {
    const { connections, source } = roomsOf("y-webrtc", ["topic"]);
    return { connections, rooms: new OpenRooms({ sync: undefined, signaling: [source], bus: network.join(node) }) };
  });
  await network.settled();
  const isOpen = () => nodes.map(({ connections }) => connections.get("topic")?.isOpen);
  // The nodes count their connections alike.
  const [, member] = nodes.map(({ connections, rooms }) => rooms.idOf(connections.get("topic") ?? { id: "" }));
  expect(await nodes[0]?.rooms.disconnect("signaling", "topic", member ?? "")).toBe(true);
  expect(isOpen()).toEqual([true, false, true]);
  expect(await nodes[0]?.rooms.disconnect("signaling", "topic", "y-webrtc topic@d")).toBe(false);
  expect(await nodes[0]?.rooms.disconnect("signaling", "another", member ?? "")).toBe(false);
  expect(isOpen()).toEqual([true, false, true]);
});
