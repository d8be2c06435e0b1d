import { expect, test } from "bun:test";
import { WebsocketClient } from "lib0/websocket";
import * as Y from "yjs";
import { decodeFrame, encodeMessage } from "../../src/relay/y-websocket/codec.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { RawClient, updatesOf } from "../support/clients/raw-client.ts";
import { WireSocket } from "../support/clients/wire-socket.ts";
import { eventually, pause } from "../support/eventually.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

// These tests wait for real timers of 10 s and more, so they run side by side.

/** lib0 pings 15 s after it has opened and 15 s after each pong, and closes when it has received nothing for 30 s. */
test.concurrent("lib0's client stays connected by its own pings alone, longer than its timeout", async () => {
  await using server = await startTestServer({ syncEnabled: false });
  const client = new WebsocketClient(`${server.wsUrl}/signal`);
  const events: string[] = [];
  client.on("connect", () => events.push("connect"));
  client.on("disconnect", () => events.push("disconnect"));
  client.on("message", (message: { type: string }) => events.push(message.type));
  await eventually("two pongs", () => events.filter((event) => event === "pong").length === 2, 32_000);
  // The client checks its timeout 30 s after its start, at the same time as the second pong.
  await pause(1_000);
  expect(events).toEqual(["connect", "pong", "pong"]);
  client.destroy();
}, 50_000);

test.concurrent("a silent y-websocket client receives an empty awareness after 20 s, before its watchdog closes the connection at 30 s", async () => {
  await using server = await startTestServer();
  const watcher = await RawClient.connect(`${server.wsUrl}/sync/quiet`);
  await watcher.sync();
  const before = watcher.frames.length;
  await eventually("a frame", () => watcher.frames.length > before, 25_000);
  expect(watcher.frames[before]).toEqual(Uint8Array.of(1, 1, 0));
  await watcher.close();
}, 30_000);

test.concurrent("a poll of Engine.IO is answered even if it waits longer than Bun's timeout for other requests", async () => {
  await using server = await startTestServer({ syncEnabled: false });
  const join = async (deviceId: string) => {
    const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
    const send = (body: string) => fetch(`${url}&sid=${sid}`, { method: "POST", body });
    const poll = async () => (await fetch(`${url}&sid=${sid}`)).text();
    await send(`40\u001e42["device-registered","${deviceId}"]`);
    expect(await poll()).toStartWith("40{");
    return { send, poll };
  };
  const patient = await join("patient");
  const waiting = patient.poll();
  await pause(11_000);
  const alice = await join("alice");
  await alice.send('42["offer",{"toDeviceId":"patient"}]');
  expect(await waiting).toStartWith('42["offer",');
}, 30_000);

test.concurrent("a reader that was closed for reading too slowly learns why, also when it reads nothing for 20 s", async () => {
  await using server = await startTestServer({ limits: { outboxBytes: 200_000 } });
  const subscribe = JSON.stringify({ type: "subscribe", topics: ["room"] });
  const slow = await WireSocket.connect(server.port, "/signal");
  slow.send(new TextEncoder().encode(subscribe));
  const publisher = await RawClient.connect(`${server.wsUrl}/signal`);
  publisher.sendBytes(subscribe);
  slow.pause();
  // More than the kernel's buffers and the outbox hold.
  const message = JSON.stringify({ type: "publish", topic: "room", data: "x".repeat(60_000) });
  for (let count = 0; count < 300; count += 1) {
    publisher.sendBytes(message);
    await pause(1);
  }
  await pause(20_000);
  slow.resume();
  expect(await slow.closed).toBe(closeReasons.overloaded.code);
  publisher.socket.close();
}, 60_000);

test.concurrent("a reader that stalls for 20 s keeps its connection, and gets everything that it missed", async () => {
  await using server = await startTestServer({ limits: { outboxBytes: 200_000 } });
  const document = "/sync/slow";
  const doc = new Y.Doc();
  const slow = await WireSocket.connect(server.port, document, {
    received: (frame) => {
      const message = decodeFrame(frame);
      if ("update" in message) Y.applyUpdate(doc, message.update);
    },
  });
  slow.send(encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
  const writer = await RawClient.connect(`${server.wsUrl}${document}`);
  await writer.sync();
  slow.pause();
  const written = new Y.Doc();
  // More than the kernel's buffers and the outbox hold.
  const updates = updatesOf((each) => {
    for (let count = 0; count < 600; count += 1) each.getMap("map").set("key", `${count}`.padEnd(20_000, "x"));
  }, written);
  for (const update of updates) {
    writer.send({ type: "update", update });
    await pause(1);
  }
  await pause(20_000);
  slow.resume();
  await eventually("the last value", () => doc.getMap("map").get("key") === written.getMap("map").get("key"));
  slow.end();
  writer.socket.close();
}, 60_000);
