import { useCallback, useRef } from "preact/hooks";
import { YurtError } from "../../../../client/errors.ts";
import { type Read, type ReadOrder, useRead } from "../../data/use-read.ts";

/** Counts the changes of a document. It is no state: a change alone renders nothing. */
export interface ChangeCount {
  current: number;
}

export interface LiveOrder<T> extends Pick<ReadOrder<T>, "key" | "read"> {
  readonly changes: ChangeCount;
  /** The shortest time between two reads, in milliseconds. */
  readonly apartMs: number;
}

interface Seen<T> {
  readonly key: string;
  readonly count: number;
  readonly outcome: { readonly value: T } | { readonly error: unknown };
}

/** Reads a value, and again when the document has changed since. */
export function useLiveRead<T>({ apartMs, changes, key, read }: LiveOrder<T>): Read<T> {
  const seen = useRef<Seen<T> | undefined>(undefined);
  const { refresh: again, state } = useRead({
    key,
    everyMs: apartMs,
    read: async (signal) => {
      const { current: count } = changes;
      const last = seen.current;
      if (last === undefined || last.key !== key || last.count !== count) {
        // A change that comes while the value is being read is one since.
        const outcome = await outcomeOf(read(signal));
        if (!signal.aborted) seen.current = { key, count, outcome };
        return valueIn(outcome);
      }
      return valueIn(last.outcome);
    },
  });
  const refresh = useCallback(() => {
    seen.current = undefined;
    again();
  }, [again]);
  return { state, refresh };
}

/** Rejects if another attempt may succeed. */
async function outcomeOf<T>(reading: Promise<T>): Promise<Seen<T>["outcome"]> {
  try {
    return { value: await reading };
  } catch (error) {
    if (error instanceof YurtError && error.status < 500 && error.status !== 429) return { error };
    throw error;
  }
}

function valueIn<T>(outcome: Seen<T>["outcome"]): T {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
