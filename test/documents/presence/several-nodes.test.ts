import { expect, test } from "bun:test";
import { Problem } from "../../../src/api/problems.ts";
import { Documents } from "../../../src/documents/documents.ts";
import { Disconnections } from "../../../src/documents/presence/disconnections.ts";
import { Guests } from "../../../src/documents/presence/guests.ts";
import type { ShownState } from "../../../src/documents/presence/shown-state.ts";
import { Deletion } from "../../../src/relay/deletion.ts";
import type { SyncMember } from "../../../src/relay/sync-member.ts";
import { yWebsocketEncoding } from "../../../src/relay/y-websocket/session.ts";
import { BusNetwork } from "../../support/cluster/bus-network.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

/** Nodes with the documents of one server each, over which only presence is shared. */
async function nodes() {
  const deadlines = new FakeClock();
  const network = new BusNetwork(deadlines);
  const [a, b, c] = ["a", "b", "c"].map((node) => {
    const bus = network.join(node);
    const store = openMemoryStore();
    const parts = roomParts({ bus }, store);
    const { rooms } = parts;
    const documents = new Documents({ ...parts, store, deletion: new Deletion({ store, rooms }) });
    const guests = new Guests({ ...parts, bus, documents });
    const disconnections = new Disconnections({ bus, rooms });
    const enter = async (user: string) => {
      const { room } = await rooms.acquire("doc");
      const ended: string[] = [];
      const member: SyncMember = {
        ...{ connection: new FakeConnection(user), encoding: yWebsocketEncoding, access: "write", user },
        ended: ({ code }) => void ended.push(code),
      };
      room.join(member);
      return { room, member, ended };
    };
    /** The states that are shown, as a reader on this node sees them. */
    const shown = async () => {
      const { entries } = await documents.presence("doc");
      return entries.map(({ clientId, clock, state }) => [clientId, clock, state]);
    };
    return { ...parts, bus, documents, guests, disconnections, enter, shown };
  });
  if (a === undefined || b === undefined || c === undefined) throw new Error("three nodes");
  await network.settled();
  const pass = async (ms: number) => {
    await network.settled();
    for (const { clock } of [a, b, c]) clock.advance(ms);
    await network.settled();
  };
  /** Lets the time for answers pass. */
  const giveUp = async () => {
    await network.settled();
    deadlines.advance(1_000);
  };
  return { a, b, c, network, pass, giveUp };
}

const order = (state: string | undefined, more: Partial<ShownState> = {}): ShownState => ({
  ...{ document: "doc", stream: undefined, clientId: 7, clock: undefined, state, source: "ann", counted: undefined },
  ...more,
});

test("a client over HTTP is one, whichever nodes its requests reach", async () => {
  const { a, b, c, pass } = await nodes();
  expect(await a.guests.show(order('{"at":1}'))).toMatchObject({ clientId: 7, clock: 1 });
  await pass(20_000);
  const shown = await b.guests.show(order('{"at":2}'));
  expect(shown).toEqual({ clientId: 7, clock: 2, endsAt: a.clock.now() + 30_000 });
  await pass(20_000);
  for (const node of [a, b, c]) expect(await node.shown()).toEqual([[7, 2, '{"at":2}']]);
  expect([a.guests.size, b.guests.size, c.guests.size]).toEqual([1, 0, 0]);
  await c.guests.show(order(undefined));
  await pass(30);
  for (const node of [a, b, c]) expect(await node.shown()).toEqual([]);
});

test("a client over HTTP that another node knew counts its clock on", async () => {
  const { a, b, network, pass } = await nodes();
  await b.enter("bob");
  await a.guests.show(order("{}"));
  await a.guests.show(order("{}"));
  await pass(30);
  network.kill("a");
  await pass(30);
  expect(await b.shown()).toEqual([]);
  expect(await b.guests.show(order('{"at":3}'))).toMatchObject({ clock: 3 });
  expect(await b.shown()).toEqual([[7, 3, '{"at":3}']]);
});

test("a state is shown by the event stream of the client on another node, and ends with it", async () => {
  const { a, b, pass } = await nodes();
  const stream = a.guests.join(await a.documents.open("doc"), () => {});
  const shown = await b.guests.show(order("{}", { stream: stream.id }));
  expect([shown.endsAt, a.guests.size, b.guests.size]).toEqual([undefined, 1, 0]);
  await pass(60_000);
  expect(await b.shown()).toEqual([[7, 1, "{}"]]);
  stream.leave();
  await pass(30);
  expect(await b.shown()).toEqual([]);
  await expect(b.guests.show(order("{}", { stream: stream.id }))).rejects.toBeInstanceOf(Problem);
  await expect(b.guests.show(order("{}", { stream: stream.id, document: "other" }))).rejects.toBeInstanceOf(Problem);
});

test("a state that the node of its client drops is refused", async () => {
  const { a, b } = await nodes();
  await a.guests.show(order("{}"));
  const refused = b.guests.show(order(`"${"x".repeat(100_000)}"`));
  await expect(refused).rejects.toMatchObject({ code: "body-too-large" });
});

test("clients of a document are disconnected on all nodes, and the answer says whether one is missing", async () => {
  const { a, b, c, giveUp, network } = await nodes();
  const [ann, ben, cem] = [await a.enter("ann"), await b.enter("ben"), await c.enter("cem")];
  expect(await a.disconnections.disconnect("doc", "ben")).toEqual({ count: 1, isComplete: true });
  expect([ann.ended, ben.ended, cem.ended]).toEqual([[], ["disconnected"], []]);
  network.hold("c");
  const disconnecting = b.disconnections.disconnect("doc");
  await giveUp();
  expect(await disconnecting).toEqual({ count: 1, isComplete: false });
  expect(ann.ended).toEqual(["disconnected"]);
  network.release("c");
  await network.settled();
  expect(cem.ended).toEqual(["disconnected"]);
});

test("the presence of a document is read on a node that has no client in it, and may be partial", async () => {
  const { a, b, c, giveUp, network } = await nodes();
  await a.guests.show(order("{}"));
  await b.guests.show(order("{}", { clientId: 8, source: "ben" }));
  expect(await c.documents.presence("doc")).toMatchObject({
    entries: [{ clientId: 7 }, { clientId: 8 }],
    isComplete: true,
  });
  network.hold("b");
  const reading = c.documents.presence("doc");
  await giveUp();
  const { entries, isComplete } = await reading;
  expect([entries.map(({ clientId }) => clientId), isComplete]).toEqual([[7], false]);
});
