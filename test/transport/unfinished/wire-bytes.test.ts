import { expect, test } from "bun:test";
import { connect } from "node:tls";
import { SpareDescriptor } from "../../../src/transport/unfinished/spare-descriptor.ts";
import { openTcpSockets } from "../../../src/transport/unfinished/tcp-sockets.ts";
import { mostEstimatedBytes } from "../../../src/transport/unfinished/unfinished-frames.ts";
import { WebSocketConnection } from "../../../src/transport/websocket-connection.ts";
import { eventually } from "../../support/eventually.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { join, listen } from "../../support/servers/test-listener.ts";

const certificate = await (await TestAuthority.create()).issue(["127.0.0.1"]);
/** A request that opens a WebSocket, without compression. */
const handshake = [
  "GET /test HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");
const small = [1, 125, 126];
const large = [1_000, 20_000, 70_000];
const rounds = 300;

/** Sends each frame in two records, its header and its content, as some programs do. */
async function sendInRecords(port: number, sizes: readonly number[], version: "TLSv1.2" | "TLSv1.3"): Promise<void> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("data", () => resolve());
  socket.write(handshake);
  await promise;
  for (let round = 0; round < rounds; round += 1) {
    for (const size of sizes) {
      const long =
        size < 65_536
          ? [0xfe, size >> 8, size & 0xff]
          : [0xff, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 0xff, size & 0xff];
      const header = Buffer.from([0x82, ...(size < 126 ? [0x80 | size] : long), 0, 0, 0, 0]);
      for (const content of [header, Buffer.alloc(size)]) {
        await new Promise<void>((written) => socket.write(content, () => written()));
      }
    }
  }
}

type Send = (port: number, url: string, sizes: readonly number[]) => Promise<unknown>;

const senders: readonly (readonly [string, Send])[] = [
  ["two records for each frame with TLS 1.2", (port, _, sizes) => sendInRecords(port, sizes, "TLSv1.2")],
  ["two records for each frame with TLS 1.3", (port, _, sizes) => sendInRecords(port, sizes, "TLSv1.3")],
  [
    "the runtime's own client",
    async (_, url, sizes) => {
      const { socket } = await join(url);
      for (let round = 0; round < rounds; round += 1) for (const size of sizes) socket.send(new Uint8Array(size));
    },
  ],
];
const cases = senders.flatMap(([name, send]) => [
  [name, "small", small, send] as const,
  [name, "large", large, send] as const,
]);

test.each(cases)(
  "with %s, complete %s frames have not more bytes than were estimated",
  async (_, _size, sizes, send) => {
    using spare = new SpareDescriptor();
    const sockets = openTcpSockets(spare);
    if (sockets === undefined) return;
    await using server = listen({ encryption: { certificate } });
    await send(server.listener.port, server.url, sizes);
    await eventually("all have come", () => server.events.length === 1 + rounds * sizes.length, 20_000);
    const [connection] = server.connections;
    if (!(connection instanceof WebSocketConnection)) throw new Error("no connection");
    const content = rounds * sizes.reduce((sum, size) => sum + size, 0);
    const beforeFrames = 4_000;
    const read = sockets.readBytes().get(connection.peer) ?? 0;
    expect(read).toBeGreaterThan(content);
    expect(read - connection.completeBytes).toBeLessThan(beforeFrames);
    // Not so much more that much could hide behind it.
    expect(connection.completeBytes - read).toBeLessThan(mostEstimatedBytes);
  },
);
