import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { nextTurn } from "../../../src/lib/time/next-turn.ts";
import { longTermKey, type TurnCredential } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import type { TurnServer } from "../../../src/turn/turn-server.ts";
import type { FakeServerSocket } from "./fake-server-socket.ts";

/** Writes the attributes of a request, without those of its credential. */
export type WriteAttributes = (writer: StunWriter) => void;

export interface FakeTurnClientOptions {
  readonly server: TurnServer;
  readonly socket: FakeServerSocket;
  readonly address: string;
  readonly port: number;
  readonly credential: TurnCredential;
}

export const udpTransport: WriteAttributes = (writer) => writer.uint8(attributes.requestedTransport, 17);

export function peerAddress(address: string, port = 4_000): WriteAttributes {
  const ip = parseIpAddress(address);
  if (ip === undefined) throw new Error(`${address} is no address`);
  return (writer) => writer.address(attributes.xorPeerAddress, ip, port);
}

/** "success", or the code of an error answer; undefined for no answer. */
export function outcomeOf(answer: StunMessage | undefined): "success" | number | undefined {
  return answer?.messageClass === "error" ? answer.errorCode : answer && "success";
}

/** The differences from a right request. */
export interface RequestChanges {
  readonly transactionId?: Uint8Array;
  readonly username?: string | Uint8Array;
  readonly realm?: string;
  readonly nonce?: string;
  readonly password?: string;
  readonly hasFingerprint?: boolean;
  /** Attributes of the credential that are left out. */
  readonly without?: readonly number[];
}

/** A client at one transport address. It signs requests with its credential and the latest nonce. */
export class FakeTurnClient {
  readonly address: string;
  readonly port: number;
  readonly socket: FakeServerSocket;
  credential: TurnCredential;
  nonce = "";
  realm = "";
  readonly #server: TurnServer;
  readonly #writer = new StunWriter();

  constructor({ server, socket, address, port, credential }: FakeTurnClientOptions) {
    this.#server = server;
    this.socket = socket;
    this.address = address;
    this.port = port;
    this.credential = credential;
  }

  deliver(bytes: Uint8Array): void {
    this.#server.receive(this.socket, bytes, this.address, this.port);
  }

  /** The messages that the client has got since the last call. */
  take(): readonly Uint8Array[] {
    return this.socket.take(this.address, this.port).map(({ bytes }) => bytes);
  }

  /** Sends a message, and reads the answer that comes at once. */
  ask(bytes: Uint8Array): StunMessage | undefined {
    this.deliver(bytes);
    return this.#answer();
  }

  /** A request without a credential. */
  unsigned(method: number, write: WriteAttributes = () => {}): Uint8Array {
    this.#writer.begin(method, "request", newTransactionId());
    write(this.#writer);
    return this.#writer.finish().slice();
  }

  /** Gets a nonce, as every client does before its first request. */
  challenge(): StunMessage | undefined {
    return this.ask(this.unsigned(methods.allocate, udpTransport));
  }

  signed(method: number, write: WriteAttributes = () => {}, changes: RequestChanges = {}): Uint8Array {
    if (this.nonce === "") this.challenge();
    const { username = this.credential.username, realm = this.realm, nonce = this.nonce, without = [] } = changes;
    const writer = this.#writer.begin(method, "request", changes.transactionId ?? newTransactionId());
    write(writer);
    const usernameBytes = typeof username === "string" ? new TextEncoder().encode(username) : username;
    if (!without.includes(attributes.username)) writer.bytes(attributes.username, usernameBytes);
    if (!without.includes(attributes.realm)) writer.text(attributes.realm, realm);
    if (!without.includes(attributes.nonce)) writer.text(attributes.nonce, nonce);
    const name = typeof username === "string" ? username : "";
    writer.sign(longTermKey(name, realm, changes.password ?? this.credential.credential));
    if (changes.hasFingerprint === true) writer.fingerprint();
    return writer.finish().slice();
  }

  /** Sends a signed request, and reads the answer that comes at once. */
  request(method: number, write: WriteAttributes = () => {}, changes: RequestChanges = {}): StunMessage | undefined {
    return this.ask(this.signed(method, write, changes));
  }

  /** Sends an Allocate request, and waits for the answer. */
  async allocate(
    write: WriteAttributes = udpTransport,
    changes: RequestChanges = {},
  ): Promise<StunMessage | undefined> {
    this.deliver(this.signed(methods.allocate, write, changes));
    await nextTurn();
    return this.#answer();
  }

  permit(...addresses: readonly string[]): StunMessage | undefined {
    return this.request(methods.createPermission, (writer) => {
      for (const address of addresses) peerAddress(address)(writer);
    });
  }

  bindChannel(number: number, address: string, port?: number): StunMessage | undefined {
    return this.request(methods.channelBind, (writer) => {
      writer.uint16(attributes.channelNumber, number);
      peerAddress(address, port)(writer);
    });
  }

  refresh(seconds?: number): StunMessage | undefined {
    return this.request(methods.refresh, (writer) => {
      if (seconds !== undefined) writer.uint32(attributes.lifetime, seconds);
    });
  }

  /** Sends data in a Send indication. */
  send(payload: Uint8Array, address: string, port?: number): void {
    const writer = this.#writer.begin(methods.send, "indication", newTransactionId());
    peerAddress(address, port)(writer);
    this.deliver(writer.bytes(attributes.data, payload).finish().slice());
  }

  sendOnChannel(number: number, payload: Uint8Array): void {
    this.deliver(channelData(number, payload));
  }

  #answer(): StunMessage | undefined {
    const bytes = this.take().at(-1);
    const answer = bytes && decodeStun(bytes);
    this.realm = answer?.textOf(attributes.realm) ?? this.realm;
    this.nonce = answer?.textOf(attributes.nonce) ?? this.nonce;
    return answer;
  }
}

export function channelData(number: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, number);
  view.setUint16(2, payload.byteLength);
  bytes.set(payload, 4);
  return bytes;
}

/** A random transaction id. */
export function newTransactionId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(12));
}
