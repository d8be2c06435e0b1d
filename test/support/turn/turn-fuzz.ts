import { isPublicAddress } from "../../../src/lib/address/public-address.ts";
import { nextTurn } from "../../../src/lib/time/next-turn.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import type { Random } from "../bytes/random.ts";
import { relayedAddresses } from "./fake-relay-network.ts";
import { FakeServerSocket } from "./fake-server-socket.ts";
import { channelData, type FakeTurnClient } from "./fake-turn-client.ts";
import { newTransactionId, peerAddress, udpTransport, type WriteAttributes } from "./request-writer.ts";
import { TestTurn } from "./test-turn.ts";

const clients = 20;
const maxAllocations = 15;
/** Packets between two turns of the event loop, in which sockets open. */
const turnPackets = 100;
const requestMethods = [methods.allocate, methods.refresh, methods.createPermission, methods.channelBind, 0x00b];
const attributeTypes = [...Object.values(attributes), 0x7777, 0x9999];
const peers = [
  ...["8.8.8.8", "8.8.4.4", "1.1.1.1", "10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"],
  ...["2606:4700::1", "::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::", "64:ff9b::808:808"],
  ...[relayedAddresses[4], relayedAddresses[6], "10.0.0.5"],
];

/** The counts of packets, and a sentence for each fault. */
export interface TurnFuzzResult {
  readonly answers: number;
  readonly relayed: number;
  readonly openedAllocations: number;
  readonly faults: ReadonlySet<string>;
}

/**
 * Sends mutated packets of clients and peers to a server: valid ones with flipped bits, cut, extended and joined ones, and
 * requests with any attributes that are signed as they must be, so that they get far.
 */
export class TurnFuzz {
  readonly #random: Random;
  readonly #turn = new TestTurn({
    limits: { turnAllocations: maxAllocations, stunAnswerBurst: 1_000_000_000, turnPermissions: 10, turnChannels: 10 },
  });
  readonly #clients: readonly FakeTurnClient[];
  readonly #writer = new StunWriter();
  readonly #faults = new Set<string>();
  #answers = 0;
  #relayed = 0;

  constructor(random: Random) {
    this.#random = random;
    const credential = (index: number) => this.#turn.credential(`user ${index % 5}`, 12 * 3_600_000);
    this.#clients = Array.from({ length: clients }, (_, index) => {
      const socket = index % 3 === 0 ? new FakeServerSocket("tcp") : this.#turn.udp;
      const address = index % 2 === 0 ? "198.51.100.7" : "2001:db8::7";
      return this.#turn.client({ socket, address, credential: credential(index) });
    });
  }

  async send(packets: number): Promise<void> {
    for (let sent = 0; sent < packets; sent += 1) {
      if (this.#random.chance(0.1)) this.#sendFromPeer();
      else this.#sendFromClient(this.#random.pick(this.#clients));
      if (sent % turnPackets === 0) await this.#pass();
    }
  }

  /** Lets all allocations end, and looks for what is left. */
  async finish(): Promise<TurnFuzzResult> {
    await this.#pass();
    const { clock, server, network, counts, udp, events } = this.#turn;
    clock.advance(2 * 3_600_000);
    this.#check(server.allocations === 0, "allocations are left");
    this.#check(network.openSockets.length === 0, "sockets are left open");
    this.#check(clock.pendingTimers === 0, "timers are left");
    this.#check(counts.allocations.udp === 0 && counts.allocations.tcp === 0, "allocations are left counted");
    this.#check(udp.allocations === 0, "a socket was told of more allocations than ended");
    this.#check(!events.some(({ level }) => level === "error"), "an error was logged");
    const { udp: openedUdp, tcp: openedTcp } = counts.openedAllocations;
    const openedAllocations = openedUdp + openedTcp;
    return { answers: this.#answers, relayed: this.#relayed, openedAllocations, faults: this.#faults };
  }

  async #pass(): Promise<void> {
    await nextTurn();
    const { clock, network, server } = this.#turn;
    this.#check(server.allocations <= maxAllocations, "there are more allocations than the bound");
    this.#check(network.openSockets.length <= maxAllocations, "there are more sockets than the bound");
    for (const socket of network.sockets) this.#checkSent(socket.take());
    network.forgetClosed();
    for (const client of this.#clients) {
      client.take();
      if (this.#random.chance(0.1)) client.challenge();
    }
    clock.advance(this.#random.integer(this.#random.chance(0.01) ? 400_000 : 2_000));
    const leaving = this.#random.pick(this.#clients);
    if (leaving.socket.transport === "tcp") server.disconnected(leaving.socket);
    else leaving.refresh(0);
  }

  #sendFromClient(client: FakeTurnClient): void {
    if (client.requests.nonce === "") client.challenge();
    const bytes = this.#random.chance(0.5) ? this.#likely(client) : this.#mutated(this.#likely(client));
    const request = decodeStun(bytes);
    for (const each of this.#clients) each.take();
    client.deliver(bytes);
    for (const each of this.#clients) this.#checkReceived(each, each === client ? request : undefined, bytes);
  }

  #sendFromPeer(): void {
    const { openSockets } = this.#turn.network;
    if (openSockets.length === 0) return;
    const port = this.#random.chance(0.9) ? 4_000 : this.#random.integer(65_536);
    this.#random.pick(openSockets).receive(this.#noise(2_000), this.#peer(), port);
  }

  /** A message as clients send it, or close to that. */
  #likely(client: FakeTurnClient): Uint8Array {
    switch (this.#random.integer(8)) {
      case 0:
        return client.unsigned(methods.binding, this.#attributes());
      case 1:
        return client.signed(methods.allocate, this.#both(udpTransport, this.#attributes()));
      case 2:
        return channelData(0x4000 + this.#random.integer(20), this.#noise(200));
      case 3:
      case 4:
        return this.#sendIndication();
      case 5:
        return client.signed(methods.createPermission, peerAddress(this.#peer()));
      case 6:
        return client.signed(methods.channelBind, this.#channelOf(this.#peer()));
      default:
        return client.signed(this.#random.pick(requestMethods), this.#attributes());
    }
  }

  #sendIndication(): Uint8Array {
    const writer = this.#writer.begin(methods.send, "indication", newTransactionId());
    peerAddress(this.#peer(), this.#port())(writer);
    return writer.bytes(attributes.data, this.#noise(200)).finish().slice();
  }

  #channelOf(address: string): WriteAttributes {
    const number = 0x4000 + this.#random.integer(20);
    const peer = peerAddress(address, this.#port());
    return (writer) => {
      writer.uint16(attributes.channelNumber, number);
      peer(writer);
    };
  }

  /** Half of the packets are for one peer, so that many have a permission. */
  #peer(): string {
    return this.#random.chance(0.5) ? "8.8.8.8" : this.#random.pick(peers);
  }

  /** A usual port, or that of an allocation, or any. */
  #port(): number {
    const { sockets } = this.#turn.network;
    const kind = this.#random.integer(3);
    if (kind === 0 || sockets.length === 0) return 4_000;
    return kind === 1 ? this.#random.pick(sockets).port : this.#random.integer(65_536);
  }

  /** A few attributes, with values of any length. */
  #attributes(): WriteAttributes {
    const values = Array.from({ length: this.#random.integer(4) }, () => {
      return [this.#random.pick(attributeTypes), this.#noise(24)] as const;
    });
    const address = this.#random.chance(0.5) ? peerAddress(this.#peer()) : () => {};
    return this.#both(address, (writer) => {
      for (const [type, value] of values) writer.bytes(type, value);
    });
  }

  #both(first: WriteAttributes, second: WriteAttributes): WriteAttributes {
    return (writer) => {
      first(writer);
      second(writer);
    };
  }

  #noise(mostBytes: number): Uint8Array {
    return Uint8Array.from({ length: this.#random.integer(mostBytes) }, () => this.#random.integer(256));
  }

  #mutated(bytes: Uint8Array): Uint8Array {
    const position = this.#random.integer(bytes.byteLength + 1);
    switch (this.#random.integer(5)) {
      case 0:
        return bytes.slice(0, position);
      case 1:
        return Uint8Array.of(...bytes, ...this.#noise(40));
      case 2:
        return Uint8Array.of(...bytes.slice(0, position), ...this.#noise(8), ...bytes.slice(position));
      case 3:
        return this.#noise(100);
      default:
        return this.#flipped(bytes);
    }
  }

  #flipped(bytes: Uint8Array): Uint8Array {
    const flipped = bytes.slice();
    for (let count = 1 + this.#random.integer(4); count > 0; count -= 1) {
      const position = this.#random.integer(bytes.byteLength);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << this.#random.integer(8));
    }
    return flipped;
  }

  #checkReceived(client: FakeTurnClient, request: ReturnType<typeof decodeStun>, bytes: Uint8Array): void {
    const answers = client.take().flatMap((each) => decodeStun(each) ?? []);
    const responses = answers.filter(({ messageClass }) => messageClass !== "indication");
    this.#answers += responses.length;
    this.#relayed += answers.length - responses.length;
    if (responses.length === 0) return;
    this.#check(request?.messageClass === "request", "something else than a request was answered");
    this.#check(responses.length === 1, "a request was answered several times");
    const isLong = responses.some((each) => !each.hasIntegrity && each.bytes.byteLength > 4 * bytes.byteLength);
    this.#check(!isLong, "an answer has more than four times the bytes of its request");
  }

  #checkSent(sent: readonly { readonly address: string }[]): void {
    this.#relayed += sent.length;
    for (const { address } of sent) {
      const isTranslated = address === "64:ff9b::808:808";
      this.#check(isPublicAddress(address) || isTranslated, `${address} was sent something`);
    }
  }

  #check(isRight: boolean, fault: string): void {
    if (!isRight) this.#faults.add(fault);
  }
}
