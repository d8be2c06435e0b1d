/** A value that the page reads from the server. */
export type Loaded<T> =
  | { readonly kind: "loading" }
  /** `why` is a sentence. `last` is the value that was read before. */
  | { readonly kind: "failed"; readonly why: string; readonly last: T | undefined }
  | { readonly kind: "loaded"; readonly value: T };

/** The value, also one that was read before a failure; undefined without one. */
export function lastValue<T>(loaded: Loaded<T>): T | undefined {
  if (loaded.kind === "loaded") return loaded.value;
  return loaded.kind === "failed" ? loaded.last : undefined;
}
