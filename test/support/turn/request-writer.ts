import { parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import { longTermKey, type TurnCredential } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import type { StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";

/** Writes the attributes of a request, without those of its credential. */
export type WriteAttributes = (writer: StunWriter) => void;

export const udpTransport: WriteAttributes = (writer) => writer.uint8(attributes.requestedTransport, 17);

export function peerAddress(address: string, port = 4_000): WriteAttributes {
  const ip = parseIpAddress(address);
  if (ip === undefined) throw new Error(`${address} is no address`);
  return (writer) => writer.address(attributes.xorPeerAddress, ip, port);
}

/** The attributes of a ChannelBind request. */
export function channelTo(number: number, address: string, port?: number): WriteAttributes {
  const peer = peerAddress(address, port);
  return (writer) => {
    writer.uint16(attributes.channelNumber, number);
    peer(writer);
  };
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

/** Writes the requests of one client. It signs them with its credential and the latest nonce. */
export class RequestWriter {
  credential: TurnCredential;
  nonce = "";
  realm = "";
  readonly #writer = new StunWriter();

  constructor(credential: TurnCredential) {
    this.credential = credential;
  }

  /** Keeps the realm and the nonce of an answer. */
  learn(answer: StunMessage | undefined): void {
    this.realm = answer?.textOf(attributes.realm) ?? this.realm;
    this.nonce = answer?.textOf(attributes.nonce) ?? this.nonce;
  }

  /** A request without a credential. */
  unsigned(method: number, write: WriteAttributes = () => {}): Uint8Array {
    this.#writer.begin(method, "request", newTransactionId());
    write(this.#writer);
    return this.#writer.finish().slice();
  }

  /** A request that is signed with the credential, once there is a nonce. */
  signed(method: number, write: WriteAttributes = () => {}, changes: RequestChanges = {}): Uint8Array {
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
}

/** A random transaction id. */
export function newTransactionId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(12));
}
