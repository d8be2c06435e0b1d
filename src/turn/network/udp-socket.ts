import { isIP } from "node:net";
import { errorCode } from "../../lib/error-code.ts";
import type { TurnCounts } from "../../ops/metrics/turn-metrics.ts";
import type { SocketOptions } from "./socket-options.ts";

/** Takes one datagram, which may be kept. */
export type ReceiveDatagram = (bytes: Uint8Array, address: string, port: number) => void;

export interface UdpSocketOptions {
  /** An IP address of this machine: no name, and not that of all addresses. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly receiveBytes: number;
  readonly receive: ReceiveDatagram;
  readonly socketOptions: Pick<SocketOptions, "prepare">;
  readonly counts: TurnCounts;
}

/** A UDP socket for many peers, whose errors concern one packet and nothing else. */
export class UdpSocket {
  readonly address: string;
  readonly port: number;
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #counts: TurnCounts;

  private constructor(socket: Bun.udp.Socket<"buffer">, { address, counts }: UdpSocketOptions) {
    this.#socket = socket;
    this.#counts = counts;
    this.address = address;
    this.port = socket.port;
  }

  /** Rejects with the system's error when the address or the port cannot be used. */
  static async open(options: UdpSocketOptions): Promise<UdpSocket> {
    const { address, port, receive, receiveBytes, socketOptions } = options;
    const socket = await Bun.udpSocket({
      hostname: address,
      port,
      binaryType: "buffer",
      socket: {
        data: (_, bytes, fromPort, fromAddress) => receive(bytes, fromAddress, fromPort),
        // An ICMP error of one peer. Without a handler it would end the process.
        error: () => {},
      },
    });
    socketOptions.prepare(socket, { family: isIP(address) === 6 ? 6 : 4, receiveBytes });
    return new UdpSocket(socket, options);
  }

  /** Sends a datagram, or counts it as dropped if the system refuses it. Copies the bytes. Never throws. */
  send(bytes: Uint8Array, address: string, port: number): void {
    if (!this.#attempt(bytes, address, port)) this.#counts.dropped("not-sent");
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  #attempt(bytes: Uint8Array, address: string, port: number): boolean {
    try {
      return this.#socket.send(bytes, port, address);
    } catch (error) {
      // ECONNREFUSED belongs to an earlier packet, perhaps to another peer. Reading the error has cleared it.
      return errorCode(error) === "ECONNREFUSED" && this.#attemptAgain(bytes, address, port);
    }
  }

  #attemptAgain(bytes: Uint8Array, address: string, port: number): boolean {
    try {
      return this.#socket.send(bytes, port, address);
    } catch {
      return false;
    }
  }
}
