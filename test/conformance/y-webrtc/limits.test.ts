import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { WebsocketClient } from "lib0/websocket";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

/** An address of this machine that is not loopback; packets to it do not leave the machine. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

/** lib0's client, and the results of its attempts to connect. */
function connectLib0(url: string) {
  const client = new WebsocketClient(url);
  const events: string[] = [];
  for (const event of ["connect", "disconnect"]) client.on(event, () => events.push(event));
  return { client, events };
}

const announce = (n: number) => ({ type: "publish", topic: "room", data: { type: "announce", from: "me", n } });

async function listener(url: string): Promise<SignalingClient> {
  const client = await SignalingClient.connect(url);
  client.say({ type: "subscribe", topics: ["room"] });
  await client.handled();
  return client;
}

// These tests run side by side, because they wait for most of their time.
test.concurrent.skipIf(ownAddress === undefined)(
  "lib0's client over a connection limit is never accepted, and reconnects by its own backoff",
  async () => {
    await using server = await startTestServer({
      host: "0.0.0.0",
      syncEnabled: false,
      limits: { connectionsPerAddress: 1 },
    });
    const url = `ws://${ownAddress}:${server.port}/signal`;
    const first = await SignalingClient.connect(url);
    const startedAt = performance.now();
    const { client, events } = connectLib0(url);
    await eventually("five attempts", () => client.unsuccessfulReconnects >= 5);
    // The attempts are 0.36 s, 0.57 s, 0.72 s and 0.84 s apart; without delays they would take milliseconds.
    expect(performance.now() - startedAt).toBeGreaterThan(2_000);
    expect(events).toEqual([]);
    expect((await fetch(`http://${ownAddress}:${server.port}/signal`)).status).toBe(200);
    await first.close();
    await eventually("accepted when there is room", () => events.includes("connect"));
    client.destroy();
  },
  30_000,
);

test.concurrent("lib0's client over its rate waits, stays connected, and loses nothing", async () => {
  await using server = await startTestServer({
    syncEnabled: false,
    limits: { publishBurst: 5, publishesPerSecond: 50 },
  });
  const url = `${server.wsUrl}/signal`;
  const ear = await listener(url);
  const { client, events } = connectLib0(url);
  client.on("connect", () => {
    client.send({ type: "subscribe", topics: ["room"] });
    for (let n = 0; n < 40; n += 1) client.send(announce(n));
  });
  const startedAt = performance.now();
  const received = () => ear.received.filter((frame) => frame.includes('"announce"'));
  await eventually("all messages", () => received().length === 40);
  expect(performance.now() - startedAt).toBeGreaterThan(600);
  expect(received().map((frame) => JSON.parse(frame).data.n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect(events).toEqual(["connect"]);
  client.destroy();
  await ear.close();
});

test.concurrent("lib0's client that fills its inbox is ignored, and does not get into a loop of reconnects", async () => {
  await using server = await startTestServer({
    syncEnabled: false,
    limits: { publishBurst: 5, publishesPerSecond: 1, inboxBytes: 2_000 },
  });
  const url = `${server.wsUrl}/signal`;
  const ear = await listener(url);
  const { client, events } = connectLib0(url);
  client.on("connect", () => {
    client.send({ type: "subscribe", topics: ["room"] });
    for (let n = 0; n < 100; n += 1) client.send(announce(n));
  });
  await eventually("the burst", () => ear.received.filter((frame) => frame.includes('"announce"')).length >= 5);
  await pause(4_000);
  const { length } = ear.received.filter((frame) => frame.includes('"announce"'));
  // The message that waited when the inbox was full is still delivered; later ones are not.
  expect(length).toBeWithin(5, 7);
  expect(events).toEqual(["connect"]);
  client.destroy();
  await ear.close();
});

test.concurrent("lib0's client without a subscription is closed when its time is up, and connects again", async () => {
  await using server = await startTestServer({ syncEnabled: false, limits: { withoutRoomMs: 700 } });
  const startedAt = performance.now();
  const { client, events } = connectLib0(`${server.wsUrl}/signal`);
  client.on("connect", () => client.send({ type: "subscribe", topics: [] }));
  await eventually("four connections", () => events.filter((event) => event === "connect").length >= 4);
  expect(performance.now() - startedAt).toBeGreaterThan(3 * 700);
  client.destroy();
});
