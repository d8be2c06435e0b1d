import { expect, test } from "bun:test";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

/** Whether the error of a packet to a port that is closed is reported for the next packet, to another port. */
async function reportsFormerErrors(prepare: (socket: Bun.udp.Socket<"buffer">) => void): Promise<boolean> {
  using closed = await UdpPeer.open();
  using open = await UdpPeer.open();
  const { port: closedPort } = closed;
  closed[Symbol.dispose]();
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1", binaryType: "buffer", socket: { error: () => {} } });
  try {
    prepare(socket);
    socket.send("lost", closedPort, "127.0.0.1");
    socket.send("kept", open.port, "127.0.0.1");
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}

test.skipIf(process.platform !== "linux")("options are not set any more after the library is closed", async () => {
  const options = new SocketOptions();
  const prepare = (socket: Bun.udp.Socket<"buffer">) => options.prepare(socket, { family: 4, receiveBytes: 65_536 });
  expect(await reportsFormerErrors(prepare)).toBe(false);
  options[Symbol.dispose]();
  expect(await reportsFormerErrors(prepare)).toBe(true);
});
