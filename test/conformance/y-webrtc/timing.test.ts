import { expect, test } from "bun:test";
import { WebsocketClient } from "lib0/websocket";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

/** lib0 pings 15 s after it has opened and 15 s after each pong, and closes when it has received nothing for 30 s. */
test("lib0's client stays connected by its own pings alone, longer than its timeout", async () => {
  await using server = await startTestServer({ syncEnabled: false });
  const client = new WebsocketClient(`${server.wsUrl}/signal`);
  const events: string[] = [];
  client.on("connect", () => events.push("connect"));
  client.on("disconnect", () => events.push("disconnect"));
  client.on("message", (message: { type: string }) => events.push(message.type));
  await eventually("two pongs", () => events.filter((event) => event === "pong").length === 2, 32_000);
  await pause(4_000);
  expect(events).toEqual(["connect", "pong", "pong"]);
  client.destroy();
}, 50_000);
