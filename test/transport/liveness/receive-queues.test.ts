import { describe, expect, test } from "bun:test";
import { connectionsWithBytes, ReceiveQueues } from "../../../src/transport/liveness/receive-queues.ts";
import { eventually } from "../../support/eventually.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const end = " 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1\n";

describe("the kernel's table", () => {
  test("names the connections with bytes that are not read, and no others", () => {
    const table = [
      head,
      `   0: 0100007F:115C 00000000:0000 0A 00000000:00000001${end}`,
      `   1: 0100007F:115C 0200007F:D2A4 01 00000000:00000000${end}`,
      `   2: 0100007F:115C 0A01A8C0:D2A5 01 00000010:000003E8${end}`,
      `  10: 0100007F:115C 0200007F:D2A6 08 00000000:00000005${end}`,
    ].join("");
    expect(connectionsWithBytes(table)).toEqual([{ localPort: 4_444, peerAddress: "192.168.1.10", peerPort: 53_925 }]);
  });

  test("has IPv6 addresses", () => {
    const addresses = "00000000000000000000000001000000:115C B80D0120000000000000000001000000:D2A4";
    const [connection] = connectionsWithBytes(`${head}   0: ${addresses} 01 00000000:00000001${end}`);
    expect(connection?.peerAddress).toBe("2001:0db8:0000:0000:0000:0000:0000:0001");
  });
});

const queues = new ReceiveQueues();

test.skipIf(!queues.areKnown).each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["::", "127.0.0.1"],
])("a listener on %s has bytes from %s until it reads them", async (hostname, peerAddress) => {
  const accepted = Promise.withResolvers<Bun.Socket>();
  const open = (socket: Bun.Socket) => {
    socket.pause();
    accepted.resolve(socket);
  };
  const listener = Bun.listen({ hostname, port: 0, socket: { open, data: () => {} } });
  const client = await Bun.connect({ hostname: peerAddress, port: listener.port, socket: { data: () => {} } });
  const socket = await accepted.promise;
  const facts = { localPort: listener.port, peerAddress, peerPort: client.localPort };
  expect(await queues.hasBytes(facts)).toBe(false);
  client.write("x");
  await eventually("they have arrived", () => queues.hasBytes(facts));
  expect(await queues.hasBytes({ ...facts, peerPort: facts.peerPort + 1 })).toBe(false);
  socket.resume();
  await eventually("they are read", async () => !(await queues.hasBytes(facts)));
  client.end();
  listener.stop(true);
});
