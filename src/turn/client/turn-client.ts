import type { IpAddress } from "../../lib/address/ip-address.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { longTermKey, type TurnCredential } from "../credentials/credentials.ts";
import { attributes } from "../message/attributes.ts";
import { channelDataLength, channelHeaderBytes, channelNumber } from "../message/channel-data.ts";
import { frameKind } from "../message/frame-kind.ts";
import { FrameWriter } from "../message/frame-writer.ts";
import { methods } from "../message/message-type.ts";
import { PeerData } from "../message/peer-data.ts";
import { decodeStun, type StunMessage } from "../message/stun-message.ts";
import { StunWriter } from "../message/stun-writer.ts";
import { familyCodes, type TransportAddress } from "../message/transport-address.ts";
import type { ClientSocket } from "./client-socket.ts";
import { defaultTimeoutMs, Transactions } from "./transactions.ts";
import { TurnDisconnected, TurnError } from "./turn-failure.ts";

/** The protocol number of UDP, the only transport between server and peers. */
const udp = 17;
/** The most attempts of a request: one without credentials, one with them, and one for each stale nonce. */
const maxAttempts = 4;

export interface TurnClientOptions {
  readonly socket: ClientSocket;
  readonly clock: Clock;
  /** Undefined for a STUN server, which needs none. */
  readonly credential?: TurnCredential | undefined;
  /** Called for each datagram of a peer. The payload is valid until it returns. */
  readonly received?: ((ip: IpAddress, port: number, payload: Uint8Array) => void) | undefined;
  /** The time for an answer to each request. */
  readonly timeoutMs?: number | undefined;
}

export interface Allocation {
  readonly relayed: TransportAddress;
  /** The address of the client as the server sees it. */
  readonly mapped: TransportAddress;
  readonly lifetimeMs: number;
}

interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly key: Uint8Array;
}

/**
 * A client of one STUN or TURN server, with at most one allocation (RFC 8656). It refreshes nothing by itself.
 *
 * Every request rejects with `TurnError` when the server refuses it, with `TurnTimeout` when it does not answer, and with
 * `TurnDisconnected` when the connection ends.
 */
export class TurnClient {
  readonly #socket: ClientSocket;
  readonly #options: TurnClientOptions;
  readonly #transactions: Transactions;
  readonly #writer = new StunWriter();
  readonly #frames = new FrameWriter(newTransactionId());
  readonly #peerData = new PeerData();
  readonly #channels = new Map<number, TransportAddress>();
  #challenge: Challenge | undefined;

  constructor(options: TurnClientOptions) {
    const { socket, clock, timeoutMs = defaultTimeoutMs } = options;
    this.#socket = socket;
    this.#options = options;
    this.#transactions = new Transactions({ socket, clock, timeoutMs });
  }

  /** The address of the client as the server sees it. */
  async binding(): Promise<TransportAddress> {
    return addressIn(await this.#request(methods.binding), attributes.xorMappedAddress);
  }

  /** Allocates a relayed transport address. The server decides on the lifetime; `lifetimeSeconds` is a wish. */
  async allocate(wished: { readonly family?: 4 | 6; readonly lifetimeSeconds?: number } = {}): Promise<Allocation> {
    const { family, lifetimeSeconds } = wished;
    const response = await this.#request(methods.allocate, (writer) => {
      writer.uint8(attributes.requestedTransport, udp);
      if (family !== undefined) writer.uint8(attributes.requestedAddressFamily, familyCodes[family]);
      if (lifetimeSeconds !== undefined) writer.uint32(attributes.lifetime, lifetimeSeconds);
    });
    return {
      relayed: addressIn(response, attributes.xorRelayedAddress),
      mapped: addressIn(response, attributes.xorMappedAddress),
      lifetimeMs: lifetimeIn(response),
    };
  }

  /** Returns the lifetime in milliseconds from now. A lifetime of 0 deletes the allocation. */
  async refresh(lifetimeSeconds?: number): Promise<number> {
    const response = await this.#request(methods.refresh, (writer) => {
      if (lifetimeSeconds !== undefined) writer.uint32(attributes.lifetime, lifetimeSeconds);
    });
    return lifetimeIn(response);
  }

  /** Installs permissions for these peers, for 300 seconds. */
  async createPermission(...peers: readonly IpAddress[]): Promise<void> {
    await this.#request(methods.createPermission, (writer) => {
      for (const ip of peers) writer.address(attributes.xorPeerAddress, ip, 0);
    });
  }

  /** Binds a channel from 0x4000 on to a peer, for 600 seconds. It includes a permission. */
  async bindChannel(number: number, ip: IpAddress, port: number): Promise<void> {
    await this.#request(methods.channelBind, (writer) => {
      writer.uint16(attributes.channelNumber, number).address(attributes.xorPeerAddress, ip, port);
    });
    this.#channels.set(number, { ip, port });
  }

  /** Sends to a peer with a Send indication. */
  send(ip: IpAddress, port: number, payload: Uint8Array): void {
    this.#socket.send(this.#frames.sendIndication(ip, port, payload));
  }

  /** Sends to the peer of a channel. */
  sendToChannel(number: number, payload: Uint8Array): void {
    const frames = this.#frames;
    this.#socket.send(
      this.#socket.isStream ? frames.paddedChannelData(number, payload) : frames.channelData(number, payload),
    );
  }

  /** Closes the socket. Over UDP, the allocation stays until it expires: `refresh(0)` deletes it. */
  close(): void {
    this.#socket.close();
    this.disconnected("The client has closed the connection");
  }

  /** For the socket: a whole message has arrived. The bytes may be reused when it returns. */
  receive(bytes: Uint8Array): void {
    if (frameKind(bytes) === "channel-data") {
      const length = channelDataLength(bytes);
      const peer = this.#channels.get(channelNumber(bytes));
      if (length < 0 || peer === undefined) return;
      this.#options.received?.(peer.ip, peer.port, bytes.subarray(channelHeaderBytes, channelHeaderBytes + length));
    } else if (this.#peerData.read(bytes, methods.data)) {
      const { family, word0, word1, word2, word3, port, dataOffset, dataEndOffset } = this.#peerData;
      this.#options.received?.({ family, word0, word1, word2, word3 }, port, bytes.subarray(dataOffset, dataEndOffset));
    } else {
      const response = decodeStun(bytes.slice());
      if (response !== undefined) this.#transactions.receive(response);
    }
  }

  /** For the socket: the connection has ended. */
  disconnected(reason: string): void {
    this.#transactions.end(new TurnDisconnected(reason));
  }

  async #request(method: number, write: (writer: StunWriter) => void = () => {}): Promise<StunMessage> {
    for (let attempt = 1; ; attempt += 1) {
      const challenge = method === methods.binding ? undefined : this.#challenge;
      const response = await this.#send(method, write, challenge);
      if (response.messageClass === "success") return response;
      const code = response.errorCode ?? 0;
      const next = this.#challengeIn(response);
      const isWorthwhile = code === 438 || (code === 401 && challenge === undefined);
      if (!isWorthwhile || next === undefined || attempt === maxAttempts) throw new TurnError(code, reasonIn(response));
      this.#challenge = next;
    }
  }

  #send(method: number, write: (writer: StunWriter) => void, challenge?: Challenge): Promise<StunMessage> {
    const id = newTransactionId();
    const writer = this.#writer.begin(method, "request", id);
    write(writer);
    if (challenge !== undefined) {
      writer
        .text(attributes.username, this.#options.credential?.username ?? "")
        .text(attributes.realm, challenge.realm)
        .text(attributes.nonce, challenge.nonce)
        .sign(challenge.key);
    }
    // RFC 8489 §9.2.5: a success must be signed. A new nonce may come in an answer that is not.
    const accepts = (response: StunMessage) =>
      response.method === method &&
      (response.messageClass === "error" ||
        (response.messageClass === "success" && (challenge === undefined || response.isSignedWith(challenge.key))));
    return this.#transactions.request(writer.finish(), id, accepts);
  }

  #challengeIn(response: StunMessage): Challenge | undefined {
    const { credential } = this.#options;
    const realm = response.textOf(attributes.realm);
    const nonce = response.textOf(attributes.nonce);
    if (credential === undefined || realm === undefined || nonce === undefined) return undefined;
    return { realm, nonce, key: longTermKey(credential.username, realm, credential.credential) };
  }
}

function newTransactionId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(12));
}

function addressIn(response: StunMessage, attribute: number): TransportAddress {
  const address = response.addressOf(attribute);
  if (address === undefined) throw new TurnError(0, "a success without an address");
  return address;
}

function lifetimeIn(response: StunMessage): number {
  return (response.uint32Of(attributes.lifetime) ?? 0) * 1_000;
}

function reasonIn(response: StunMessage): string {
  return new TextDecoder().decode(response.bytesOf(attributes.errorCode)?.subarray(4));
}
