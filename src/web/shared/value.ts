import { useEffect, useState } from "preact/hooks";

/** An observable value. Setting an equal value (compared as JSON) notifies no listener. */
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

  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Renders only the calling component again when the value changes. */
export function useValue<T>(value: Value<T>): T {
  const [current, setCurrent] = useState(value.current);
  useEffect(() => {
    const update = () => setCurrent(() => value.current);
    update();
    return value.subscribe(update);
  }, [value]);
  return current;
}
