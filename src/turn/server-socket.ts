/** The transports between clients and the server, by the names in TURN URLs and metrics. */
export type TurnTransport = "udp" | "tcp" | "tls";

/**
 * The way back to clients: one for each UDP socket that listens, and one for each TCP or TLS connection. With the
 * client's address and port it is the 5-tuple of an allocation, so a socket object is never used for another listener or
 * connection.
 */
export interface ServerSocket {
  readonly transport: TurnTransport;
  /**
   * Sends one message to the client, which comes as a whole or not at all: UDP may lose it, and a stream drops it if its
   * reader is slow. Messages of one client keep their order. Copies `bytes` before it returns, and never throws.
   */
  send(bytes: Uint8Array, address: string, port: number): void;
  /** The client has an allocation: the deadline for connections without one ends. UDP does nothing. */
  admitted(): void;
  /** The client's allocation has ended: the deadline starts again, as the client may make another. UDP does nothing. */
  released(): void;
}
