import type { ComponentChildren } from "preact";
import { type Loaded, lastValue } from "../data/loaded.ts";

export interface LoadedPartProps<T> {
  readonly of: Loaded<T>;
  /** Reads the value again. */
  readonly retry?: () => void;
  readonly children: (value: T) => ComponentChildren;
}

/** Shows a value of the server, the wait for it, or why it cannot be read, with what was read before. */
export function LoadedPart<T>({ children, of, retry }: LoadedPartProps<T>) {
  if (of.kind === "loading") return <p class="waiting">Loading…</p>;
  const value = lastValue(of);
  return (
    <>
      {of.kind === "failed" && (
        <div class="alert" data-tone="away" role="alert">
          <p>{of.why}</p>
          {retry !== undefined && (
            <p>
              <button type="button" onClick={retry}>
                Try again
              </button>
            </p>
          )}
        </div>
      )}
      {value !== undefined && children(value)}
    </>
  );
}
