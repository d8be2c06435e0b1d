import { expect, test } from "bun:test";
import { WebsocketClient } from "lib0/websocket";
import { encodeMessage } from "../../src/relay/y-websocket/codec.ts";
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

test.concurrent("a silent y-websocket client receives an empty awareness within 20 s, before its watchdog closes the connection", async () => {
  await using server = await startTestServer();
  const watcher = await RawClient.connect(`${server.wsUrl}/sync/quiet`);
  await watcher.sync();
  const before = watcher.frames.length;
  await eventually("a frame", () => watcher.frames.length > before, 21_000);
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
  const document = "/sync/slow";
  const slow = await WireSocket.connect(server.port, document);
  slow.send(encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
  const writer = await RawClient.connect(`${server.wsUrl}${document}`);
  await writer.sync();
  slow.pause();
  // More than the kernel's buffers and the outbox hold.
  const updates = updatesOf((doc) => {
    for (let count = 0; count < 600; count += 1) doc.getText().insert(0, "x".repeat(20_000));
  });
  for (const update of updates) {
    writer.send({ type: "update", update });
    await pause(1);
  }
  await pause(20_000);
  slow.resume();
  expect(await slow.closed).toBe(closeReasons.overloaded.code);
  await writer.close();
}, 60_000);
