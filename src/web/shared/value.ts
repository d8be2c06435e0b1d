import { useEffect, useState } from "preact/hooks";

/** Something that changes and can be watched. Setting what it already holds (compared as JSON) tells nobody. */
export class Value<T> {
  #current: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  set(next: T): void {
    if (JSON.stringify(next) === JSON.stringify(this.#current)) return;
    this.#current = next;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns what ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Renders the component again whenever the value changes, and no other. */
export function useValue<T>(value: Value<T>): T {
  const [current, setCurrent] = useState(value.current);
  useEffect(() => {
    const update = () => setCurrent(() => value.current);
    update();
    return value.subscribe(update);
  }, [value]);
  return current;
}
