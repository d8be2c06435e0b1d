import { expect, test } from "bun:test";
import type { Connection } from "../../src/transport/connection.ts";
import { WebSocketConnection } from "../../src/transport/websocket-connection.ts";
import { describeWire } from "../contract/channel.ts";
import { WireSocket } from "../support/clients/wire-socket.ts";
import { eventually } from "../support/eventually.ts";
import { join, listen } from "../support/servers/test-listener.ts";

describeWire("over Bun's WebSockets", () => {
  const server = listen();
  return {
    openChannel: server.channels.open,
    connect: async () => {
      const { socket, heard } = await join(server.url);
      // The handshake does not contain the client's port, so a greeting identifies the connection of this client.
      const greeting = crypto.randomUUID();
      socket.send(greeting);
      await eventually("greeted", () => server.events.includes(`receive ${greeting}`));
      const connection = server.heardFrom.get(greeting);
      if (connection === undefined) throw new Error("no connection was greeted");
      return {
        connection,
        received: heard,
        leave: async () => {
          socket.close();
          await eventually("gone", () => !connection.isOpen);
        },
      };
    },
    close: async () => server[Symbol.asyncDispose](),
  };
});

test("a channel reports a connection with a quarter of its outbox unsent, which keeps its connection when it leaves", async () => {
  const outboxBytes = 1_000_000;
  await using server = listen({}, { outboxBytes });
  const clients = [await WireSocket.connect(server.listener.port, "/test"), await join(server.url)] as const;
  await eventually("two connections", () => server.connections.length === 2);
  const slow: Connection[] = [];
  const channel = server.channels.open((connection) => {
    slow.push(connection);
    channel.leave(connection);
  });
  for (const connection of server.connections) channel.join(connection);
  clients[0].pause();
  for (let published = 0; slow.length === 0; published += 20_000) {
    channel.publish(new Uint8Array(20_000));
    await eventually("the other has read it", () => clients[1].heard.length * 20_000 > published);
  }
  channel.publish(new Uint8Array(outboxBytes));
  const [reported] = slow;
  expect(slow).toHaveLength(1);
  expect(reported?.isOpen).toBe(true);
  expect(reported?.unsentBytes).toBeGreaterThan(outboxBytes / 4);
  expect(reported?.unsentBytes).toBeLessThan(outboxBytes);
  clients[0].end();
  clients[1].socket.close();
});

test("a channel has a topic from its second member on", async () => {
  await using server = listen();
  const clients = [await join(server.url), await join(server.url)] as const;
  await eventually("two connections", () => server.connections.length === 2);
  const [first, second] = server.connections.filter((connection) => connection instanceof WebSocketConnection);
  const topics = () => [first, second].map((connection) => connection?.socket.subscriptions);
  const channel = server.channels.open();
  for (const connection of [first, second]) {
    expect(topics()).toEqual([[], []]);
    if (connection !== undefined) channel.join(connection);
    channel.publish("frame", second);
    channel.publish("its own", first);
  }
  expect(topics()).toEqual([["1"], ["1"]]);
  await eventually("all frames", () => clients[0].heard.length === 2 && clients[1].heard.length === 1);
  expect(clients.map(({ heard }) => heard)).toEqual([["frame", "frame"], ["its own"]]);
  for (const { socket } of clients) socket.close();
});
