import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { StreamFraming } from "../../message/stream-framing.ts";
import type { ClientSocket } from "../client-socket.ts";
import type { ServerAddress, SocketEvents } from "./socket-events.ts";

export interface TlsTrust {
  /** Certificates of authorities, as PEM, instead of those of the system. */
  readonly ca?: string;
  /** The name that the certificate must have; the host by default. */
  readonly serverName?: string;
  /** Accepts any certificate. */
  readonly acceptsAny?: boolean;
}

export interface StreamOptions extends ServerAddress {
  /** TLS instead of TCP. */
  readonly trust?: TlsTrust | undefined;
  /** The time until the connection is established. */
  readonly timeoutMs: number;
}

/** Connects over TCP or TLS. Rejects with the system's error, or that of the certificate. */
export async function openStreamClientSocket(options: StreamOptions, events: SocketEvents): Promise<ClientSocket> {
  const socket = await connected(options);
  const framing = new StreamFraming();
  socket.on("data", (chunk: Uint8Array) => {
    if (framing.push(chunk, (message) => events.receive(message)) === undefined) return;
    socket.destroy(new Error("The server does not speak TURN"));
  });
  socket.on("error", (error) => events.disconnected(error.message));
  socket.on("close", () => events.disconnected("The server has closed the connection"));
  return {
    isStream: true,
    send(bytes) {
      // The socket may keep the bytes until it can send them.
      if (socket.writable) socket.write(bytes.slice());
    },
    close() {
      socket.destroy();
    },
  };
}

function connected({ host, port, trust, timeoutMs }: StreamOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket =
    trust === undefined
      ? connectTcp({ host, port })
      : connectTls({
          ...{ host, port, rejectUnauthorized: trust.acceptsAny !== true },
          ...(trust.ca === undefined ? {} : { ca: trust.ca }),
          ...(trust.serverName === undefined ? {} : { servername: trust.serverName }),
        });
  const timer = setTimeout(() => socket.destroy(new Error(`No connection within ${timeoutMs} ms`)), timeoutMs);
  socket.once("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  socket.once(trust === undefined ? "connect" : "secureConnect", () => {
    clearTimeout(timer);
    socket.setNoDelay(true);
    resolve(socket);
  });
  return promise;
}
