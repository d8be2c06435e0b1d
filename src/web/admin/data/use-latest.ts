import { useRef } from "preact/hooks";
import { type Loaded, lastValue } from "./loaded.ts";

export interface Latest<T> {
  readonly state: Loaded<T>;
  /** Whether the value is that of an earlier request, and the next one is being read. */
  readonly isStale: boolean;
}

/** Keeps the value of the request before while the next one is read, so that the page does not jump. */
export function useLatest<T>(state: Loaded<T>): Latest<T> {
  const kept = useRef<{ readonly value: T } | undefined>(undefined);
  const value = lastValue(state);
  if (value !== undefined) kept.current = { value };
  if (state.kind !== "loading" || kept.current === undefined) return { state, isStale: false };
  return { state: { kind: "loaded", value: kept.current.value }, isStale: true };
}
