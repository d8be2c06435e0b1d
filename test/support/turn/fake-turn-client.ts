import { nextTurn } from "../../../src/lib/time/next-turn.ts";
import type { TurnCredential } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import type { TurnServer } from "../../../src/turn/turn-server.ts";
import type { FakeServerSocket } from "./fake-server-socket.ts";
import {
  channelTo,
  newTransactionId,
  peerAddress,
  type RequestChanges,
  RequestWriter,
  udpTransport,
  type WriteAttributes,
} from "./request-writer.ts";

export interface FakeTurnClientOptions {
  readonly server: TurnServer;
  readonly socket: FakeServerSocket;
  readonly address: string;
  readonly port: number;
  readonly credential: TurnCredential;
}

/** A client at one transport address of a server without sockets. */
export class FakeTurnClient {
  readonly address: string;
  readonly port: number;
  readonly socket: FakeServerSocket;
  readonly requests: RequestWriter;
  readonly #server: TurnServer;
  readonly #writer = new StunWriter();

  constructor({ server, socket, address, port, credential }: FakeTurnClientOptions) {
    this.#server = server;
    this.socket = socket;
    this.address = address;
    this.port = port;
    this.requests = new RequestWriter(credential);
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

  /** Gets a nonce, as every client does before its first request. */
  challenge(): StunMessage | undefined {
    return this.ask(this.unsigned(methods.allocate, udpTransport));
  }

  unsigned(method: number, write?: WriteAttributes): Uint8Array {
    return this.requests.unsigned(method, write);
  }

  signed(method: number, write?: WriteAttributes, changes?: RequestChanges): Uint8Array {
    if (this.requests.nonce === "") this.challenge();
    return this.requests.signed(method, write, changes);
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
    return this.request(methods.channelBind, channelTo(number, address, port));
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
    this.requests.learn(answer);
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
