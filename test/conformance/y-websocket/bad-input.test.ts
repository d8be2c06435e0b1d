import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import * as Y from "yjs";
import { Random } from "../../support/bytes/random.ts";
import { storedRows } from "../../support/bytes/stored.ts";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));
const framed = (update: Uint8Array) => Uint8Array.from(Buffer.concat([bytes("00 02"), varUint(update.length), update]));
const varUint = (value: number) =>
  value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, value >> 7);

const [valid] = tuple(
  1,
  updatesOf((doc) => {
    doc.clientID = 5;
    doc.getText("t").insert(0, "abc");
  }),
);

/** Frames that violate the protocol, and the expected close reason. */
const malformed: readonly [string, Uint8Array][] = [
  ["a message behind another that has no body", bytes("00 00 01 00 00")],
  ["a truncated update", framed(valid.subarray(0, -1))],
  ["an update cut in the middle", framed(valid.subarray(0, 6))],
  ["an update with bytes left over", framed(Uint8Array.from([...valid, 0]))],
  ["an empty update", framed(bytes(""))],
  ["an update whose clients ascend", framed(bytes("02 01 01 00 00 01 01 02 00 00 01 00"))],
  ["an update with one client twice", framed(bytes("02 01 05 00 00 01 01 05 01 00 01 00"))],
  ["an update with a struct of length 0", framed(bytes("01 01 05 00 00 00 00"))],
  ["an update whose origin is its own future", framed(bytes("01 01 05 00 84 05 63 01 61 00"))],
  ["a state vector that is cut", bytes("00 00 02 01 05")],
  ["awareness that is cut", bytes("01 03 01 05 01")],
  ["awareness that is not JSON", bytes("01 06 01 05 01 02 7b 7b")],
];

describe("a client that sends", () => {
  test.each(malformed)(
    "%s receives the reason and is closed with 4400; nothing is stored or forwarded",
    async (_, frame) => {
      await using server = await startTestServer();
      const witness = await RawClient.connect(`${server.wsUrl}/sync/bad`);
      await witness.sync();
      const offender = await RawClient.connect(`${server.wsUrl}/sync/bad`);
      await offender.sync();
      offender.sendBytes(frame);
      await eventually("closed", () => offender.closed !== undefined);
      expect(offender.closed).toEqual({ code: 4400, reason: "malformed-frame" });
      expect(offender.denials).toHaveLength(1);
      expect(offender.denials[0]).toStartWith("malformed-frame: ");
      expect(offender.updates).toEqual([]);
      await unharmed(server, witness);
    },
  );

  test.each<[string, Uint8Array | string]>([
    ["text", '{"type":"subscribe","topics":["room"]}'],
    ["an empty frame", bytes("")],
    ["a message of an unknown type", bytes("09")],
    ["a sync message of an unknown type", bytes("00 07 00")],
    ["a message of an unknown type behind another", bytes("00 00 01 00 66 01 07")],
  ])("%s stays connected, and its later updates are stored", async (_, frame) => {
    await using server = await startTestServer();
    const client = await RawClient.connect(`${server.wsUrl}/sync/other`);
    client.sendBytes(frame);
    client.send({ type: "update", update: valid });
    await eventually("acknowledged", () => client.updates.length === 1);
    expect([client.closed, storedRows(server.dataFolder)]).toEqual([undefined, 1]);
    await client.close();
  });

  test.each([
    ["a reserved opcode", "83 80 00 00 00 00"],
    ["an unmasked frame", "82 01 00"],
    ["a control frame that is too long", `89 fe 00 80 00 00 00 00 ${"00".repeat(128)}`],
  ])("%s ends its own connection and harms no other", async (_, hex) => {
    await using server = await startTestServer();
    const witness = await RawClient.connect(`${server.wsUrl}/sync/bad`);
    await witness.sync();
    let hasClosed = false;
    const socket = connect(server.port, "127.0.0.1");
    socket
      .on("error", () => {})
      .on("close", () => {
        hasClosed = true;
      });
    socket.write(
      "GET /sync/bad HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await once(socket, "data");
    socket.resume();
    socket.write(bytes(hex));
    await eventually("closed", () => hasClosed);
    await unharmed(server, witness);
  });

  test("an update that makes the document too large is told so and stays; what was stored before stays", async () => {
    await using server = await startTestServer({ limits: { documentBytes: 2_000 } });
    const witness = await RawClient.connect(`${server.wsUrl}/sync/bad`);
    await witness.sync();
    const offender = await RawClient.connect(`${server.wsUrl}/sync/bad`);
    await offender.sync();
    const doc = new Y.Doc();
    const [small, large] = tuple(
      2,
      updatesOf(() => {
        doc.getText("t").insert(0, "x".repeat(1_000));
        doc.getText("t").insert(0, "y".repeat(1_000));
      }, doc),
    );
    offender.send({ type: "update", update: small });
    await eventually("stored", () => offender.updates.length === 1);
    offender.send({ type: "update", update: large });
    await eventually("refused", () => offender.denials.length > 0);
    expect(offender.denials).toEqual([expect.stringMatching(/^document-too-large: /)]);
    expect(witness.updates).toEqual([small]);
    expect(storedRows(server.dataFolder)).toBe(1);
    expect(offender.closed).toBeUndefined();
    await offender.close();
    await witness.close();
  });

  test("a frame over the limit is closed with 4413", async () => {
    await using server = await startTestServer({ limits: { relayFrameBytes: 10_000 } });
    const witness = await RawClient.connect(`${server.wsUrl}/sync/bad`);
    await witness.sync();
    const offender = await RawClient.connect(`${server.wsUrl}/sync/bad`);
    offender.sendBytes(new Uint8Array(10_001));
    await eventually("closed", () => offender.closed !== undefined);
    expect(offender.closed).toEqual({ code: 4413, reason: "frame-too-large" });
    expect(offender.denials[0]).toStartWith("frame-too-large: ");
    await unharmed(server, witness);
  });

  test("a frame of exactly the limit is handled", async () => {
    const [update] = tuple(
      1,
      updatesOf((doc) => doc.getText("t").insert(0, "x".repeat(9_000))),
    );
    const frame = framed(update);
    await using server = await startTestServer({ limits: { relayFrameBytes: frame.byteLength } });
    const client = await RawClient.connect(`${server.wsUrl}/sync/large`);
    await client.sync();
    client.sendBytes(frame);
    await eventually("acknowledged", () => client.updates.length === 1);
    await client.close();
  });
});

describe("a document name", () => {
  test.each([
    ["of 257 bytes", "x".repeat(257)],
    ["of 129 two-byte characters", "ä".repeat(129)],
    ["that is empty", ""],
    ["with a control character", "a%00b"],
  ])("%s is refused with 4400 and a reason", async (_, name) => {
    await using server = await startTestServer();
    const client = await RawClient.connect(`${server.wsUrl}/sync/${name}`);
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 4400, reason: "malformed-frame" });
    expect(client.denials[0]).toStartWith("malformed-frame: the name ");
  });

  test("of 256 bytes is served", async () => {
    await using server = await startTestServer();
    const client = await RawClient.connect(`${server.wsUrl}/sync/${"x".repeat(256)}`);
    expect(await client.sync()).toEqual(bytes("00 00"));
    await client.close();
  });
});

test("a y-websocket client that is refused for good stops, and one that is refused for now reconnects", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const refused = clients.connect(server.wsUrl, "x".repeat(257));
  const closes: number[] = [];
  refused.provider.on("closed", ({ code }) => closes.push(code));
  await eventually("stopped", () => closes.length > 0);
  await pause(500);
  expect(closes).toEqual([4400]);
  expect(refused.provider.shouldConnect).toBe(false);
});

test("10,000 mutations of valid frames end neither the process nor another client's session", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const [one, other] = await clients.connectAll(2, server.wsUrl, "innocent");
  const seed = 20_26;
  const random = new Random(seed);
  const corpus = [framed(valid), bytes("00 00 01 00"), bytes("00 01 02 00 00"), bytes("01 06 01 05 01 02 7b 7d")];
  let offender = await RawClient.connect(`${server.wsUrl}/sync/fuzzed`);
  for (let count = 0; count < 10_000; count += 1) {
    if (offender.closed !== undefined) offender = await RawClient.connect(`${server.wsUrl}/sync/fuzzed`);
    const frame = Uint8Array.from(random.pick(corpus));
    for (let flips = 1 + random.integer(3); flips > 0; flips -= 1)
      frame[random.integer(frame.length)] = random.integer(256);
    offender.sendBytes(random.chance(0.25) ? frame.subarray(0, random.integer(frame.length + 1)) : frame);
    if (count % 50 === 0) await pause(1);
  }
  one.text.insert(0, "still here");
  await eventually(`the innocent go on (seed ${seed})`, () => other.text.toString() === "still here");
  const joiner = await RawClient.connect(`${server.wsUrl}/sync/fuzzed`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await joiner.sync());
  await joiner.close();
  const fresh = clients.connect(server.wsUrl, "innocent");
  await synced(fresh);
  expect(fresh.text.toString()).toBe("still here");
}, 60_000);

/** Checks that the offender changed nothing: nothing stored, nothing forwarded, and the witness's session goes on. */
async function unharmed(server: TestServer, witness: RawClient): Promise<void> {
  expect(storedRows(server.dataFolder)).toBe(0);
  expect(witness.updates).toEqual([]);
  expect(await witness.sync()).toEqual(bytes("00 00"));
  witness.send({ type: "update", update: valid });
  await eventually("the witness's update is stored", () => witness.updates.length === 1);
  expect(storedRows(server.dataFolder)).toBe(1);
  await witness.close();
}
