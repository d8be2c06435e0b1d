import { systemClock } from "../../../lib/time/clock.ts";
import type { ClientSocket } from "../client-socket.ts";
import { defaultTimeoutMs } from "../transactions.ts";
import { TurnClient, type TurnClientOptions } from "../turn-client.ts";
import type { ServerAddress, SocketEvents } from "./socket-events.ts";
import { openStreamClientSocket, type TlsTrust } from "./stream-client-socket.ts";
import { openUdpClientSocket } from "./udp-client-socket.ts";

export interface ConnectOptions extends ServerAddress, Omit<TurnClientOptions, "socket" | "clock"> {
  readonly transport: "udp" | "tcp" | "tls";
  readonly trust?: TlsTrust;
}

/**
 * A client of the server at that address. Over UDP nothing is sent yet, so an absent server is noticed at the first
 * request. Rejects if the name is unknown, or if the connection or its certificate fails.
 */
export async function connectTurn(options: ConnectOptions): Promise<TurnClient> {
  let client: TurnClient | undefined;
  let endedBefore: string | undefined;
  const events: SocketEvents = {
    receive: (bytes) => client?.receive(bytes),
    disconnected(reason) {
      endedBefore ??= reason;
      client?.disconnected(reason);
    },
  };
  const socket = await openSocket(options, events);
  client = new TurnClient({ ...options, socket, clock: systemClock });
  if (endedBefore !== undefined) client.disconnected(endedBefore);
  return client;
}

function openSocket(options: ConnectOptions, events: SocketEvents): Promise<ClientSocket> {
  const { transport, host, port, timeoutMs = defaultTimeoutMs } = options;
  if (transport === "udp") return openUdpClientSocket({ host, port }, events);
  const trust = transport === "tls" ? (options.trust ?? {}) : undefined;
  return openStreamClientSocket({ host, port, trust, timeoutMs }, events);
}
