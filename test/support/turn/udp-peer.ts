/** A datagram as a peer receives it. */
export interface ReceivedDatagram {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

/** A UDP socket at the other end: a client, or a peer. */
export class UdpPeer implements Disposable {
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #received: ReceivedDatagram[];
  readonly #waiting: ((datagram: ReceivedDatagram) => void)[];

  private constructor(
    socket: Bun.udp.Socket<"buffer">,
    received: ReceivedDatagram[],
    waiting: ((datagram: ReceivedDatagram) => void)[],
  ) {
    this.#socket = socket;
    this.#received = received;
    this.#waiting = waiting;
  }

  static async open(address = "127.0.0.1"): Promise<UdpPeer> {
    const received: ReceivedDatagram[] = [];
    const waiting: ((datagram: ReceivedDatagram) => void)[] = [];
    const socket = await Bun.udpSocket({
      hostname: address,
      binaryType: "buffer",
      socket: {
        data: (_, bytes, port, from) => {
          const datagram = { bytes, address: from, port };
          const next = waiting.shift();
          if (next === undefined) received.push(datagram);
          else next(datagram);
        },
        error: () => {},
      },
    });
    return new UdpPeer(socket, received, waiting);
  }

  get port(): number {
    return this.#socket.port;
  }

  /** The datagrams that nobody has asked for. */
  get pending(): number {
    return this.#received.length;
  }

  send(bytes: Uint8Array, port: number, address: string): void {
    this.#socket.send(bytes, port, address);
  }

  /** The next datagram, in the order of their arrival. */
  next(): Promise<ReceivedDatagram> {
    const first = this.#received.shift();
    if (first !== undefined) return Promise.resolve(first);
    const { promise, resolve } = Promise.withResolvers<ReceivedDatagram>();
    this.#waiting.push(resolve);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
