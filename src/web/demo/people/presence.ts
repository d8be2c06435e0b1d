import type { Awareness } from "y-protocols/awareness";
import { type Person, readPerson } from "./person.ts";

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/** The people that the page shows at most, this window included. */
const maxPeople = 200;

/** The checked copies of all awareness states. Everything that shows people reads them here, never the awareness. */
export class Presence {
  readonly #awareness: Awareness;
  readonly #people = new Map<number, Person>();
  readonly #listeners = new Set<() => void>();

  constructor(awareness: Awareness) {
    this.#awareness = awareness;
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

  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed({ added, updated, removed }: AwarenessChange): void {
    for (const clientId of removed) this.#people.delete(clientId);
    for (const clientId of [...added, ...updated]) this.#read(clientId);
    if (removed.length > 0) this.#readAll();
    for (const listener of [...this.#listeners]) listener();
  }

  #readAll(): void {
    if (this.hiddenCount === 0) return;
    for (const clientId of this.#awareness.getStates().keys()) if (!this.#people.has(clientId)) this.#read(clientId);
  }

  #read(clientId: number): void {
    const isKnown = this.#people.has(clientId) || clientId === this.#awareness.clientID;
    if (!isKnown && this.#people.size >= maxPeople) return;
    const person = readPerson(clientId, this.#awareness.getStates().get(clientId));
    if (person === undefined) this.#people.delete(clientId);
    else this.#people.set(clientId, person);
  }

  #rank({ clientId }: Person): number {
    return clientId === this.#awareness.clientID ? -1 : clientId;
  }
}
