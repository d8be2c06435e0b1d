import type { NodeId } from "../../../cluster/bus.ts";
import { type BusItem, decodeEnvelope, decodeItem } from "./bus-codec.ts";

export interface IncomingOptions {
  readonly node: NodeId;
  /** Something has come from a node, this one among them. Called before its items are. */
  heard(from: NodeId): void;
  /** Called with the items of a node in their order, except spilled ones. */
  received(from: NodeId, item: BusItem): void;
  /** Items of a node are missing. */
  missed(from: NodeId): void;
  /** Resolves with the encoding of a spilled item; undefined if it is gone. Does not reject. */
  readSpilled(from: NodeId, place: number): Promise<Uint8Array | undefined>;
}

interface Sender {
  /** The number of its last envelope. */
  last: number;
  /** The tasks that wait for a spilled item to be read; undefined while none is read. */
  waiting: (() => void)[] | undefined;
}

/** The length of a node's id, with which a notification begins. */
const nodeLength = 16;
/** So many items of a node wait for a spilled one, at most. */
const mostWaiting = 50_000;

/** Reads the notifications of the bus: in order per sender, each once. */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #senders = new Map<NodeId, Sender>();

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** A malformed notification is ignored. */
  receive(payload: string): void {
    const from = payload.slice(0, nodeLength);
    if (from === this.#options.node) {
      this.#options.heard(from);
      return;
    }
    let envelope: ReturnType<typeof decodeEnvelope>;
    try {
      envelope = decodeEnvelope(Uint8Array.fromBase64(payload.slice(nodeLength)));
    } catch {
      return;
    }
    if (envelope === undefined) return;
    this.#options.heard(from);
    this.#take(from, envelope.number, envelope.items);
  }

  forget(node: NodeId): void {
    this.#senders.delete(node);
  }

  #take(from: NodeId, number: number, items: readonly BusItem[]): void {
    const sender = this.#senderOf(from, number);
    // A statement that was repeated, or has arrived late.
    if (number <= sender.last) return;
    if (number > sender.last + 1) this.#inOrder(from, sender, () => this.#options.missed(from));
    sender.last = number;
    for (const item of items) this.#inOrder(from, sender, () => this.#handle(from, sender, item));
  }

  #senderOf(from: NodeId, number: number): Sender {
    let sender = this.#senders.get(from);
    if (sender === undefined) {
      sender = { last: number - 1, waiting: undefined };
      this.#senders.set(from, sender);
    }
    return sender;
  }

  #inOrder(from: NodeId, sender: Sender, task: () => void): void {
    const { waiting } = sender;
    if (waiting === undefined) {
      task();
      return;
    }
    if (waiting.length >= mostWaiting) waiting.splice(0, waiting.length, () => this.#options.missed(from));
    waiting.push(task);
  }

  #handle(from: NodeId, sender: Sender, item: BusItem): void {
    if (item.kind !== "spilled") this.#options.received(from, item);
    else if (item.to === undefined || item.to === this.#options.node) void this.#read(from, sender, item.place);
  }

  async #read(from: NodeId, sender: Sender, place: number): Promise<void> {
    sender.waiting = [];
    const item = decoded(await this.#options.readSpilled(from, place));
    const waiting = sender.waiting;
    sender.waiting = undefined;
    // The node was lost meanwhile.
    if (this.#senders.get(from) !== sender) return;
    if (item === undefined) this.#options.missed(from);
    else this.#options.received(from, item);
    for (const task of waiting) this.#inOrder(from, sender, task);
  }
}

function decoded(bytes: Uint8Array | undefined): BusItem | undefined {
  try {
    return bytes && decodeItem(bytes);
  } catch {
    return undefined;
  }
}
