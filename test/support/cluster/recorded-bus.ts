import type { Bus, BusListener, BusPort, NodeId } from "../../../src/cluster/bus.ts";

type Answer = NonNullable<BusListener["asked"]>;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (message: Uint8Array): string => new TextDecoder().decode(message);

/** A subject of a node, with everything that its listener was told, in order, as `joined b`, `b room: message`. */
export class RecordedSubject implements BusListener {
  readonly events: string[] = [];
  readonly port: BusPort;
  /** Answers questions; undefined: there is nothing to say. */
  answer: Answer = () => undefined;
  readonly #nameOf: (node: NodeId) => string;
  readonly #waiting = new Set<() => void>();

  /** `nameOf` gives the names of nodes in `events`. */
  constructor(bus: Bus, { subject = "presence", nameOf = (node: NodeId) => node } = {}) {
    this.#nameOf = nameOf;
    this.port = bus.open(subject, this);
  }

  received(from: NodeId, room: string, message: Uint8Array): void {
    const content = message.byteLength > 100 ? `${message.byteLength} bytes` : text(message);
    this.#record(`${this.#nameOf(from)} ${room}: ${content}`);
  }

  asked(from: NodeId, room: string, question: Uint8Array): ReturnType<Answer> {
    this.#record(`${this.#nameOf(from)} asks ${room}: ${text(question)}`);
    return this.answer(from, room, question);
  }

  joined(node: NodeId): void {
    this.#record(`joined ${this.#nameOf(node)}`);
  }

  lost(node: NodeId): void {
    this.#record(`lost ${this.#nameOf(node)}`);
  }

  missed(node: NodeId): void {
    this.#record(`missed ${this.#nameOf(node)}`);
  }

  /** Resolves when an event has come; at once for one that has. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** The messages alone. */
  get messages(): readonly string[] {
    return this.events.filter((event) => !/^(joined|lost|missed) /.test(event));
  }

  /** The reports about one node, in order. */
  reportsOf(node: string): readonly string[] {
    return this.events.flatMap((event) => (event.endsWith(` ${node}`) ? event.slice(0, -node.length - 1) : []));
  }

  #record(event: string): void {
    this.events.push(event);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
