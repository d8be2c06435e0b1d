import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { YurtError } from "../../../client/errors.ts";
import { type Loaded, lastValue } from "./loaded.ts";
import { pageVisibility } from "./page-visibility.ts";
import { sentenceOf } from "./sentence-of.ts";
import { whenVisible } from "./visibility.ts";

export interface ReadOrder<T> {
  /** Reads the value. It may reject. */
  readonly read: (signal: AbortSignal) => Promise<T>;
  /** Another key means another value: the one before is forgotten. */
  readonly key: string;
  /** The value is read again after so many milliseconds, unless nobody sees the page. Undefined: it is read once. */
  readonly everyMs?: number;
}

export interface Read<T> {
  readonly state: Loaded<T>;
  /** Reads the value again now. */
  readonly refresh: () => void;
}

/** A server that does not answer is asked again after so many milliseconds, also for a value that is read once. */
const retryMs = 5_000;

/** Reads a value of the server, once or again and again. */
export function useRead<T>({ everyMs, key, read }: ReadOrder<T>): Read<T> {
  const [{ of, state }, setState] = useState<Keyed<T>>({ of: key, state: { kind: "loading" } });
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const refresh = useCallback(() => setRound((before) => before + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round reads the value again
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async () => {
      const outcome = await outcomeOf(() => latest.current(abort.signal));
      if (abort.signal.aborted) return;
      setState((before) =>
        "error" in outcome ? failed(before, key, outcome.error) : loaded(before, key, outcome.value),
      );
      const isDown = "error" in outcome && isPassing(outcome.error);
      const nextMs = isDown ? Math.min(everyMs ?? retryMs, retryMs) : everyMs;
      if (nextMs !== undefined) timer = setTimeout(again, nextMs);
    };
    const again = () => void whenVisible(abort.signal, pageVisibility).then(once, () => {});
    again();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, everyMs, round]);
  return { state: of === key ? state : { kind: "loading" }, refresh };
}

/** The server is stopped, starting, or not to be reached. */
function isPassing(error: unknown): boolean {
  return error instanceof YurtError ? [502, 503, 504].includes(error.status) : error instanceof TypeError;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function outcomeOf<T>(read: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error };
  }
}

interface Keyed<T> {
  /** The key of the value. */
  readonly of: string;
  readonly state: Loaded<T>;
}

/** The same state if it has the same value, so that nothing is rendered again. */
function loaded<T>(before: Keyed<T>, key: string, value: T): Keyed<T> {
  const { of, state } = before;
  if (of === key && state.kind === "loaded" && Object.is(state.value, value)) return before;
  return { of: key, state: { kind: "loaded", value } };
}

/** The state after a failure, which keeps the value that was read before. */
function failed<T>({ of, state }: Keyed<T>, key: string, error: unknown): Keyed<T> {
  return {
    of: key,
    state: { kind: "failed", why: sentenceOf(error), last: of === key ? lastValue(state) : undefined },
  };
}
