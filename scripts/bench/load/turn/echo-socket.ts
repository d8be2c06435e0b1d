/** A UDP socket on 127.0.0.1 that sends every datagram back to where it came from. */
export class EchoSocket implements Disposable {
  readonly #socket: Bun.udp.Socket<"buffer">;

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
  }

  static async open(): Promise<EchoSocket> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      binaryType: "buffer",
      socket: {
        data: (own, bytes, port, address) => {
          own.send(bytes, port, address);
        },
        error: () => {},
      },
    });
    return new EchoSocket(socket);
  }

  get port(): number {
    return this.#socket.port;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
