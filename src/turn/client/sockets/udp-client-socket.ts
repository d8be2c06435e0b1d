import { lookup } from "node:dns/promises";
import type { ClientSocket } from "../client-socket.ts";
import type { ServerAddress, SocketEvents } from "./socket-events.ts";

/** Opens a UDP socket that exchanges datagrams with one server only. Rejects if its name is unknown. */
export async function openUdpClientSocket({ host, port }: ServerAddress, events: SocketEvents): Promise<ClientSocket> {
  const { address, family } = await lookup(host);
  const socket = await Bun.udpSocket({
    hostname: family === 6 ? "::" : "0.0.0.0",
    connect: { hostname: address, port },
    socket: {
      data: (_socket, bytes) => events.receive(bytes),
      // ECONNREFUSED is an ICMP message about a closed port. Bun 1.4.5 passes the error alone, its types say otherwise.
      error: (...values: readonly unknown[]) => events.disconnected(String(values.at(-1))),
    },
  });
  return {
    isStream: false,
    send(bytes) {
      if (socket.closed) return;
      // An ICMP message about an earlier datagram makes the next call fail, which then has sent nothing.
      if (!isSent(() => socket.send(bytes))) isSent(() => socket.send(bytes));
    },
    close() {
      if (!socket.closed) socket.close();
    },
  };
}

/** False if sending throws. A full send buffer loses the datagram, as the network may. */
function isSent(send: () => unknown): boolean {
  try {
    send();
    return true;
  } catch {
    return false;
  }
}
