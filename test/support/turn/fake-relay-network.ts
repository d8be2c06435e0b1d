import type {
  AddressFamily,
  PortParity,
  ReceiveFromPeer,
  RelayNetwork,
  RelaySocket,
} from "../../../src/turn/relay-network.ts";

export interface SentToPeer {
  readonly payload: Uint8Array;
  readonly address: string;
  readonly port: number;
}

/** A relayed transport address without a socket: the test is the network. */
export class FakeRelaySocket implements RelaySocket {
  readonly address: string;
  readonly port: number;
  isClosed = false;
  readonly #receive: ReceiveFromPeer;
  #sent: SentToPeer[] = [];

  constructor(address: string, port: number, receive: ReceiveFromPeer) {
    this.address = address;
    this.port = port;
    this.#receive = receive;
  }

  send(payload: Uint8Array, address: string, port: number): void {
    this.#sent.push({ payload: payload.slice(), address, port });
  }

  close(): void {
    this.isClosed = true;
  }

  /** Takes the datagrams that were sent to peers since the last call. */
  take(): readonly SentToPeer[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  /** A datagram arrives from a peer. */
  receive(payload: Uint8Array, address: string, port: number): void {
    this.#receive(payload, address, port);
  }
}

export const relayedAddresses: Readonly<Record<AddressFamily, string>> = { 4: "203.0.113.10", 6: "2001:db8::10" };
const firstPort = 50_000;

export class FakeRelayNetwork implements RelayNetwork {
  readonly families = new Set<AddressFamily>([4, 6]);
  /** Ports that are free. */
  capacity = 10_000;
  /** Rejects the next sockets. */
  error: Error | undefined;
  /** In the order of their opening, closed ones included. */
  sockets: FakeRelaySocket[] = [];
  #opened = 0;
  #held: Promise<void> | undefined;

  /** The sockets that are open. */
  get openSockets(): readonly FakeRelaySocket[] {
    return this.sockets.filter(({ isClosed }) => !isClosed);
  }

  forgetClosed(): void {
    this.sockets = [...this.openSockets];
  }

  /** Sockets open no more until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async open(
    family: AddressFamily,
    receive: ReceiveFromPeer,
    parity: PortParity = "any",
  ): Promise<RelaySocket | undefined> {
    await this.#held;
    if (this.error !== undefined) throw this.error;
    if (this.openSockets.length >= this.capacity) return undefined;
    this.#opened += parity === "even" ? 2 - (this.#opened % 2) : 1;
    const socket = new FakeRelaySocket(relayedAddresses[family], firstPort + (this.#opened % 15_000), receive);
    this.sockets.push(socket);
    return socket;
  }
}
