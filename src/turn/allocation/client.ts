import type { ServerSocket } from "../server-socket.ts";

/** The client's part of a 5-tuple (RFC 8656 §2): `socket` stands for the server's address and the transport. */
export interface Client {
  readonly socket: ServerSocket;
  readonly address: string;
  readonly port: number;
}
