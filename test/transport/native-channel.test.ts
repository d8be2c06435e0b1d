import { describeWire } from "../contract/channel.ts";
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
