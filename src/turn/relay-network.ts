/** IPv4 or IPv6. */
export type AddressFamily = 4 | 6;

/** The ports that a relayed transport address may have: EVEN-PORT asks for an even one (RFC 8656 §18.6). */
export type PortParity = "any" | "even";

/** Takes a datagram from a peer. The payload is valid during the call only. IPv6 addresses are as RFC 5952 writes them. */
export type ReceiveFromPeer = (payload: Uint8Array, address: string, port: number) => void;

/** The side of the server that faces peers. */
export interface RelayNetwork {
  /** The families of which relayed transport addresses can be opened. */
  readonly families: ReadonlySet<AddressFamily>;
  /**
   * Binds a relayed transport address on a random port of the range. Resolves with undefined if no port is free, and
   * rejects with the system's error if sockets cannot be opened.
   */
  open(family: AddressFamily, receive: ReceiveFromPeer, parity?: PortParity): Promise<RelaySocket | undefined>;
}

/** One relayed transport address. */
export interface RelaySocket {
  /** The address at which peers reach it, as RFC 5952 writes it: behind a 1:1 NAT not that of the socket. */
  readonly address: string;
  readonly port: number;
  /**
   * Sends one datagram to a peer; it may be lost. Copies `payload` before it returns. Never throws: a datagram that the
   * system refuses, such as one that is too large, is dropped and counted.
   */
  send(payload: Uint8Array, address: string, port: number): void;
  /** Frees the port. `receive` is not called any more. Idempotent. */
  close(): void;
}
