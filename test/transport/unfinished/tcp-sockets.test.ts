import { expect, test } from "bun:test";
import { SpareDescriptor } from "../../../src/transport/unfinished/spare-descriptor.ts";
import { openTcpSockets, peerName } from "../../../src/transport/unfinished/tcp-sockets.ts";
import { eventually } from "../../support/eventually.ts";

test.skipIf(process.platform !== "linux").each(["127.0.0.1", "::1"])(
  "the bytes that are read from %s are known before any is delivered, those in the kernel's queue are not counted",
  async (hostname) => {
    let peer = "";
    await using server = Bun.serve({
      hostname,
      port: 0,
      fetch: (request, self) => {
        const { address, port } = self.requestIP(request) ?? { address: "", port: 0 };
        peer = peerName(address, port);
        return self.upgrade(request) ? undefined : new Response();
      },
      websocket: { maxPayloadLength: 10_000_000, message: () => {} },
    });
    const client = await Bun.connect({ hostname, port: server.port ?? 0, socket: { data: () => {} } });
    const handshake = [
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "\r\n",
    ].join("\r\n");
    using spare = new SpareDescriptor();
    const sockets = openTcpSockets(spare);
    const read = () => sockets?.readBytes().get(peer);
    client.write(handshake);
    await eventually("upgraded", () => read() === handshake.length);
    // The head of a frame of 100,000 bytes, its mask, and the first bytes.
    client.write(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0, 1, 2, 3));
    await eventually("read", () => read() === handshake.length + 17);
    // Bytes that come while the process is busy wait in the kernel.
    const bytes = handshake.length + 17;
    client.write(new Uint8Array(50_000));
    client.flush();
    Bun.sleepSync(100);
    expect(read()).toBe(bytes);
    await eventually("the rest is read", () => read() === bytes + 50_000);
    client.terminate();
  },
);

test("a peer has one name, however its address is written", () => {
  expect(peerName("::ffff:127.0.0.1", 80)).toBe(peerName("127.0.0.1", 80));
  expect(peerName("0:0:0:0:0:0:0:1", 80)).toBe("::1 80");
});
