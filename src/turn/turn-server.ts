import { CountedAddresses } from "../lib/address/counted-addresses.ts";
import type { Clock } from "../lib/time/clock.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Bounds } from "../ops/metrics/bounds.ts";
import type { TurnCounts, TurnDropReason } from "../ops/metrics/turn-metrics.ts";
import { Allocations } from "./allocation/allocations.ts";
import type { Credentials } from "./credentials/credentials.ts";
import type { Nonces } from "./credentials/nonces.ts";
import type { TurnLimits } from "./limits.ts";
import { readUint16 } from "./message/big-endian.ts";
import { frameKind } from "./message/frame-kind.ts";
import { messageType, methods } from "./message/message-type.ts";
import { decodeStun, maxRequestBytes } from "./message/stun-message.ts";
import type { PeerPolicy } from "./policy/peer-policy.ts";
import type { RelayNetwork } from "./relay-network.ts";
import { Relaying } from "./relaying/relaying.ts";
import { Requests } from "./requests/requests.ts";
import type { ServerSocket } from "./server-socket.ts";

export interface TurnServerOptions {
  readonly network: RelayNetwork;
  readonly credentials: Credentials;
  readonly nonces: Nonces;
  readonly policy: PeerPolicy;
  readonly limits: TurnLimits;
  /** Whether only the channel numbers of RFC 8656 are accepted, and not those of RFC 5766, which some clients use. */
  readonly strictChannels: boolean;
  readonly counts: TurnCounts;
  readonly bounds: Pick<Bounds, "met">;
  readonly clock: Clock;
  readonly log: Log;
}

const sendIndication = messageType(methods.send, "indication");

/**
 * A STUN and TURN server (RFC 8489, RFC 8656) without sockets: messages of clients come in by `receive`, and datagrams of
 * peers by the function that `RelayNetwork.open` is given.
 *
 * It keeps no state for clients without a valid credential. It answers requests only; other messages are relayed, or
 * dropped and counted.
 */
export class TurnServer {
  readonly #allocations: Allocations;
  readonly #relaying: Relaying;
  readonly #requests: Requests;
  readonly #counts: TurnCounts;
  readonly #clock: Clock;
  readonly #log: LimitedLog;

  constructor(options: TurnServerOptions) {
    const { counts, clock } = options;
    const log = new LimitedLog(options.log, clock);
    const addresses = new CountedAddresses();
    const allocations = new Allocations({ ...options, addresses });
    const relaying = new Relaying({ ...options, allocations });
    this.#allocations = allocations;
    this.#relaying = relaying;
    this.#requests = new Requests({ ...options, addresses, allocations, relaying, limitedLog: log });
    this.#counts = counts;
    this.#clock = clock;
    this.#log = log;
  }

  /** Allocations that exist or are being made. */
  get allocations(): number {
    return this.#allocations.size;
  }

  /** The number of users with allocations. Clients without a user are one for each address. */
  get users(): number {
    return this.#allocations.users;
  }

  /**
   * Takes one message of a client: a datagram, or a message cut from a stream. ChannelData may have its padding or not.
   * The bytes are read before the call returns. Never throws.
   */
  receive(socket: ServerSocket, bytes: Uint8Array, address: string, port: number): void {
    try {
      const reason = this.#receive(socket, bytes, address, port);
      if (reason !== undefined) this.#counts.dropped(reason);
    } catch (err) {
      this.#log.error({ event: "turn-message-failed", err });
    }
  }

  /** The client's connection has ended, and its allocation with it. */
  disconnected(socket: ServerSocket): void {
    this.#allocations.endSocket(socket);
  }

  /**
   * Ends the allocations of a user, and refuses the user's credentials that expire before `expiringBefore` (epoch
   * milliseconds): those that exist now.
   */
  endUser(user: string, expiringBefore: number): void {
    this.#requests.refuse(user, expiringBefore);
    this.#allocations.endUser(user);
  }

  /** Makes no further allocations. Those that exist go on. */
  drain(): void {
    this.#requests.drain();
  }

  /** Ends all allocations, and makes no further ones. */
  close(): void {
    this.drain();
    this.#allocations.endAll();
  }

  /** Returns why the message is dropped, if it is. */
  #receive(socket: ServerSocket, bytes: Uint8Array, address: string, port: number): TurnDropReason | undefined {
    const kind = frameKind(bytes);
    if (kind === undefined) return "malformed";
    if (kind === "stun" && readUint16(bytes, 0) !== sendIndication) return this.#handle(socket, bytes, address, port);
    const now = this.#clock.elapsedMs();
    const allocation = this.#allocations.find(socket, address, port, now);
    if (allocation === undefined) return "no-allocation";
    return kind === "stun"
      ? this.#relaying.sendIndication(allocation, bytes, now)
      : this.#relaying.channelData(allocation, bytes, now);
  }

  #handle(socket: ServerSocket, bytes: Uint8Array, address: string, port: number): TurnDropReason | undefined {
    const message = bytes.byteLength > maxRequestBytes ? undefined : decodeStun(bytes);
    if (message === undefined) return "malformed";
    // Indications only show that a client is alive. A server sends no requests, so it expects no answers.
    if (message.messageClass !== "request") return undefined;
    return this.#requests.handle({ message, client: { socket, address, port } });
  }
}
