import type { BusPort, NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { Timeouts } from "../../lib/time/timeouts.ts";
import type { Mailbox, QueuedMessage } from "../mailbox.ts";
import { encodeMessage } from "./directed-codec.ts";
import type { IdDirectory } from "./id-directory.ts";

export interface MailRoutesOptions {
  readonly port: BusPort;
  readonly room: string;
  readonly directory: IdDirectory;
  /** The messages for receivers that are not connected to any node. */
  readonly mailbox: Mailbox;
  /** The messages that other nodes have returned, until all of a receiver are back. */
  readonly returned: Mailbox;
  readonly clock: Clock;
  /** Sends a message to a client of this node; false if none has the id. */
  readonly deliver: (message: QueuedMessage) => boolean;
  /** Puts a message into the mailbox, or tells its sender that it was not delivered. */
  readonly keep: (message: QueuedMessage) => void;
}

interface Recall {
  readonly receiver: string;
  readonly node: NodeId;
  readonly number: number;
}

/** How long a node has to return messages: its answer may be lost. */
const recallMs = 2_000;

/**
 * The messages of this node's clients to the clients of other nodes.
 *
 * The messages of a sender to a receiver stay in order, wherever the receiver goes. A message that arrives at a node that
 * the receiver has left comes back. While messages may be on their way back, all others for that receiver wait in the
 * mailbox: until the node has answered a recall, which it does after all that it returns. Then all are delivered again.
 */
export class MailRoutes {
  readonly #options: MailRoutesOptions;
  /** The node that messages for a receiver were sent to. */
  readonly #used = new Map<string, NodeId>();
  readonly #recalls = new Map<string, Recall>();
  readonly #timeouts: Timeouts<Recall>;
  #lastNumber = 0;

  constructor(options: MailRoutesOptions) {
    this.#options = options;
    const { clock } = options;
    this.#timeouts = new Timeouts({ durationMs: recallMs, clock, expired: (recall) => this.#finish(recall) });
  }

  /** Whether messages for the receiver have to wait in the mailbox. */
  isRecalling(receiver: string): boolean {
    return this.#recalls.has(receiver);
  }

  /** Sends a message to the node that has the receiver; false if no other node has it, or the message has to wait. */
  send(message: QueuedMessage): boolean {
    const { directory, port, room } = this.#options;
    const { receiver } = message;
    this.#recallUnless(receiver, directory.find(receiver)?.node);
    const node = this.#recalls.has(receiver) ? undefined : directory.find(receiver)?.node;
    if (node === undefined) return false;
    this.#used.set(receiver, node);
    port.send(node, room, encodeMessage({ type: "mail", mail: message }));
    return true;
  }

  /** Another node, or none, has the id now. */
  changed(id: string): void {
    const { directory, mailbox } = this.#options;
    const node = directory.find(id)?.node;
    this.#recallUnless(id, node);
    if (node !== undefined && !this.#recalls.has(id)) this.#deliverAgain(mailbox.take(id));
  }

  /** A client of this node has the id now. */
  openedHere(id: string): void {
    this.#recallUnless(id, undefined);
  }

  /** A message has come back from a node that does not have its receiver. */
  returned(from: NodeId, message: QueuedMessage): void {
    if (!this.#recalls.has(message.receiver)) this.#recall(message.receiver, from);
    if (!this.#options.returned.put(message)) this.#options.keep(message);
  }

  /** A node has returned all messages for a receiver. */
  recalled(from: NodeId, { receiver, number }: Pick<Recall, "receiver" | "number">): void {
    const recall = this.#recalls.get(receiver);
    if (recall?.node === from && recall.number === number) this.#finish(recall);
  }

  /** A node is gone, and the messages that it was sent. */
  lost(node: NodeId): void {
    for (const [receiver, used] of this.#used) if (used === node) this.#used.delete(receiver);
    for (const recall of [...this.#recalls.values()]) if (recall.node === node) this.#finish(recall);
  }

  close(): void {
    for (const recall of this.#recalls.values()) this.#timeouts.clear(recall);
    this.#options.returned.close();
  }

  #recallUnless(receiver: string, node: NodeId | undefined): void {
    const used = this.#used.get(receiver);
    if (used !== undefined && used !== node) this.#recall(receiver, used);
  }

  #recall(receiver: string, node: NodeId): void {
    const { port, room } = this.#options;
    this.#used.delete(receiver);
    this.#lastNumber += 1;
    const recall = { receiver, node, number: this.#lastNumber };
    this.#recalls.set(receiver, recall);
    this.#timeouts.set(recall);
    port.send(node, room, encodeMessage({ type: "recall", receiver, number: recall.number }));
  }

  #finish(recall: Recall): void {
    const { mailbox, returned } = this.#options;
    const { receiver } = recall;
    this.#timeouts.clear(recall);
    this.#recalls.delete(receiver);
    this.#deliverAgain([...returned.take(receiver), ...mailbox.take(receiver)]);
  }

  #deliverAgain(messages: readonly QueuedMessage[]): void {
    const { deliver, keep } = this.#options;
    for (const message of messages) {
      const { needsConnection, receiver } = message;
      const isSent = deliver(message) || this.send(message);
      if (!isSent && (!needsConnection || this.isRecalling(receiver))) keep(message);
    }
  }
}
