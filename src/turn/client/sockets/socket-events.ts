/** The reports of a client's socket. */
export interface SocketEvents {
  /** A whole message has arrived. The bytes may be reused when it returns. */
  receive(bytes: Uint8Array): void;
  /** The connection has ended, or the server's port is closed: no request will be answered. */
  disconnected(reason: string): void;
}

/** Where a server listens. */
export interface ServerAddress {
  /** A name or an IP address. */
  readonly host: string;
  readonly port: number;
}
