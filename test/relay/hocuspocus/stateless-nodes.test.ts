import { expect, test } from "bun:test";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { BusNetwork } from "../../support/cluster/bus-network.ts";
import { bytes, RecordedSubject } from "../../support/cluster/recorded-bus.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";

const doc = providerFrames("doc");
const other = providerFrames("other");

/** Two nodes; `enter` gives a provider that has joined a document and has been told nothing yet. */
async function twoNodes(limits: Partial<Limits> = {}) {
  const network = new BusNetwork();
  const nodes = ["a", "b"].map((node) => {
    const sessions = hocuspocusSessions({ limits, bus: network.join(node) });
    const enter = async (id: string, frames = doc) => {
      const client = await sessions.connect(id);
      await client.say(frames.auth(), frames.step1());
      client.told();
      return client;
    };
    return { ...sessions, enter };
  });
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error("two nodes");
  await network.settled();
  return { a, b, network };
}

test("a stateless message reaches the members on other nodes once, and its sender never", async () => {
  const { a, b, network } = await twoNodes();
  const [ann, alan, bob, cora] = [
    await a.enter("ann"),
    await a.enter("alan"),
    await b.enter("bob"),
    await b.enter("cora", other),
  ];
  await ann.say(doc.stateless("héllo 🐈"));
  await network.settled();
  expect([ann.told(), alan.told(), bob.told(), cora.told()]).toEqual([
    [],
    ["doc: stateless héllo 🐈"],
    ["doc: stateless héllo 🐈"],
    [],
  ]);
});

test("stateless messages of other nodes keep the rate of the document, and those that find no place are dropped", async () => {
  const limits = { statelessLength: 1_000, statelessDocumentCharactersPerSecond: 1_000, attachmentInboxBytes: 1_000 };
  const { a, b, network } = await twoNodes(limits);
  const [ann, bob] = [await a.enter("ann"), await b.enter("bob")];
  // Other nodes have used the rate of their own members.
  const { port } = new RecordedSubject(network.join("c"), { subject: "stateless" });
  await network.settled();
  await ann.say(doc.stateless("x".repeat(1_000)));
  await network.settled();
  bob.told();
  for (const letter of "yzw") port.publish("doc", bytes(`\x01${letter.repeat(1_000)}`));
  await network.settled();
  expect(bob.told()).toEqual([]);
  b.clock.advance(1_000);
  await network.settled();
  expect(bob.told()).toEqual([`doc: stateless ${"y".repeat(1_000)}`]);
  b.clock.advance(1_000);
  await network.settled();
  expect(bob.told()).toEqual([`doc: stateless ${"z".repeat(1_000)}`]);
  b.clock.advance(5_000);
  await network.settled();
  const { values } = await b.metrics.droppedMessages.get();
  expect([bob.told(), values.map(({ labels, value }) => [labels.bound, value])]).toEqual([
    [],
    [["limits.stateless-document-characters-per-second", 1]],
  ]);
});

test("stateless messages of later releases, and of documents that are not open, are ignored", async () => {
  const { b, network } = await twoNodes();
  const bob = await b.enter("bob");
  const { port } = new RecordedSubject(network.join("c"), { subject: "stateless" });
  await network.settled();
  for (const [document, message] of [
    ["doc", "\x02later"],
    ["doc", ""],
    ["unknown", "\x01x"],
  ] as const) {
    port.publish(document, bytes(message));
  }
  await network.settled();
  expect(bob.told()).toEqual([]);
});
