import type { Connection } from "../../transport/connection.ts";

/** The number of messages from one member to another one, or to all others. */
export interface CountedMessages {
  /** The ids of members, as lists of members have them. */
  readonly from: string;
  readonly to: string | null;
  readonly count: number;
}

/** The most pairs of members that are told apart. All members of a large room may signal each other at once. */
const mostPairs = 500;

/** Counts the messages that pass between the members of a room. */
export class MessageTally {
  #counts = new Map<string, { readonly from: string; readonly to: string | null; count: number }>();
  #omitted = 0;
  readonly #idOf: (member: Pick<Connection, "id">) => string;

  /** `idOf`: the id that lists of members have. */
  constructor(idOf: (member: Pick<Connection, "id">) => string) {
    this.#idOf = idOf;
  }

  /** Counts one message; without a receiver, it was for all others. */
  add(sender: Pick<Connection, "id">, receiver: Pick<Connection, "id"> | undefined): void {
    const from = this.#idOf(sender);
    const to = receiver === undefined ? null : this.#idOf(receiver);
    const key = `${from} ${to ?? ""}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#counts.size < mostPairs) this.#counts.set(key, { from, to, count: 1 });
    else this.#omitted += 1;
  }

  /** Returns what was counted, and begins anew. `omitted` messages are those of further pairs. */
  take(): { readonly messages: readonly CountedMessages[]; readonly omitted: number } {
    const taken = { messages: [...this.#counts.values()], omitted: this.#omitted };
    this.#counts = new Map();
    this.#omitted = 0;
    return taken;
  }
}
