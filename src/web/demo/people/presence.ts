import type { Awareness } from "y-protocols/awareness";
import { type Person, readPerson } from "./person.ts";

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/** A person whom this window cannot reach any more, because it has lost its connections. */
export interface LostPerson extends Person {
  /** When their last state came, in epoch milliseconds. */
  readonly lastSeenAt: number;
}

/** The people that the page shows at most, this window included. */
const maxPeople = 200;

/** The checked copies of all awareness states. Everything that shows people reads them here, never the awareness. */
export class Presence {
  readonly #awareness: Awareness;
  readonly #isReachable: () => boolean;
  readonly #people = new Map<number, Person>();
  readonly #lost = new Map<number, LostPerson>();
  readonly #listeners = new Set<() => void>();

  /**
   * `isReachable` tells whether this window has any connection. Without one, people whose presence ends may still be there:
   * they stay listed, as lost.
   */
  constructor(awareness: Awareness, isReachable: () => boolean = () => true) {
    this.#awareness = awareness;
    this.#isReachable = isReachable;
    this.#readAll();
    awareness.on("change", (change: AwarenessChange) => this.#changed(change));
  }

  /** The person at this window. */
  get own(): Person {
    const { clientID } = this.#awareness;
    const person = this.#people.get(clientID) ?? readPerson(clientID, {});
    if (person === undefined) throw new Error("an empty state is a person");
    return person;
  }

  /** This window's person first, if it has a state. */
  get people(): readonly Person[] {
    return [...this.#people.values()].sort((one, other) => this.#rank(one) - this.#rank(other));
  }

  /** The number of people that are left out, because there are too many. */
  get hiddenCount(): number {
    return this.#awareness.getStates().size - this.#people.size;
  }

  /** The people who were removed while this window has had no connection. */
  get lost(): readonly LostPerson[] {
    return [...this.#lost.values()];
  }

  /** When the last state of a person came, in epoch milliseconds. */
  lastSeenAt(clientId: number): number {
    return this.#awareness.meta.get(clientId)?.lastUpdated ?? Date.now();
  }

  /** Forgets the lost people: this window has a connection again, so those who are there come back. */
  forgetLost(): void {
    this.#lost.clear();
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed({ added, updated, removed }: AwarenessChange): void {
    for (const clientId of removed) this.#remove(clientId);
    for (const clientId of [...added, ...updated]) this.#read(clientId);
    if (removed.length > 0) this.#readAll();
    for (const listener of [...this.#listeners]) listener();
  }

  #remove(clientId: number): void {
    const person = this.#people.get(clientId);
    this.#people.delete(clientId);
    if (person === undefined || clientId === this.#awareness.clientID || this.#isReachable()) return;
    this.#lost.set(clientId, { ...person, lastSeenAt: this.lastSeenAt(clientId) });
  }

  #readAll(): void {
    if (this.hiddenCount === 0) return;
    for (const clientId of this.#awareness.getStates().keys()) if (!this.#people.has(clientId)) this.#read(clientId);
  }

  #read(clientId: number): void {
    const isKnown = this.#people.has(clientId) || clientId === this.#awareness.clientID;
    if (!isKnown && this.#people.size >= maxPeople) return;
    const person = readPerson(clientId, this.#awareness.getStates().get(clientId));
    this.#lost.delete(clientId);
    if (person === undefined) this.#people.delete(clientId);
    else this.#people.set(clientId, person);
  }

  #rank({ clientId }: Person): number {
    return clientId === this.#awareness.clientID ? -1 : clientId;
  }
}
