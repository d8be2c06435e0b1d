import type { ServerSocket } from "../server-socket.ts";
import { UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";

const mebibyte = 1024 * 1024;

/** Takes one message of a client, whole. */
export type ReceiveMessage = (socket: ServerSocket, bytes: Uint8Array, address: string, port: number) => void;

export interface UdpListenerOptions extends Omit<UdpSocketOptions, "receive" | "receiveBytes"> {
  readonly receive: ReceiveMessage;
}

/** A UDP socket on which the clients of TURN send their messages. */
export class UdpListener implements ServerSocket {
  readonly transport = "udp";
  readonly #socket: UdpSocket;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
  }

  /** Rejects with the system's error when it cannot listen. */
  static async open({ receive, ...options }: UdpListenerOptions): Promise<UdpListener> {
    // The socket hands over no datagram before the promise has resolved and `listener` is set.
    let listener: UdpListener | undefined;
    const socket = await UdpSocket.open({
      ...options,
      receiveBytes: 4 * mebibyte,
      receive: (bytes, address, port) => {
        if (listener !== undefined) receive(listener, bytes, address, port);
      },
    });
    listener = new UdpListener(socket);
    return listener;
  }

  get address(): string {
    return this.#socket.address;
  }

  get port(): number {
    return this.#socket.port;
  }

  send(bytes: Uint8Array, address: string, port: number): void {
    this.#socket.send(bytes, address, port);
  }

  /** Does nothing: UDP has no connections. */
  admitted(): void {}

  /** Does nothing, as `admitted`. */
  released(): void {}

  stop(): void {
    this.#socket.close();
  }
}
