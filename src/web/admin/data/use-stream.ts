import { useEffect, useRef, useState } from "preact/hooks";
import { sentenceOf } from "./sentence-of.ts";
import { whenVisible } from "./use-read.ts";

export interface StreamOrder<T> {
  /** Opens the stream. It ends when `signal` aborts, and may throw. */
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly receive: (event: T) => void;
  /** Another key means another stream. Undefined: no stream is open. */
  readonly key: string | undefined;
}

/** `failed` has a sentence. */
export type StreamState =
  | { readonly kind: "closed" }
  | { readonly kind: "open" }
  | { readonly kind: "failed"; readonly why: string };

/** The stream is closed when nobody has seen the page for so long: an open stream costs the server something. */
const hiddenMs = 60_000;

/** Follows a stream of the server while somebody can see the page. */
export function useStream<T>({ key, open, receive }: StreamOrder<T>): StreamState {
  const [state, setState] = useState<StreamState>({ kind: "closed" });
  const latest = useRef({ open, receive });
  latest.current = { open, receive };
  useEffect(() => {
    if (key === undefined) {
      setState({ kind: "closed" });
      return undefined;
    }
    const ended = new AbortController();
    const opened = () => setState({ kind: "open" });
    followWhileVisible(latest, { ended: ended.signal, opened }).then(
      () => {
        // The stream of the next key may be open by now.
        if (!ended.signal.aborted) setState({ kind: "closed" });
      },
      (error: unknown) => {
        if (!ended.signal.aborted) setState({ kind: "failed", why: sentenceOf(error) });
      },
    );
    return () => ended.abort();
  }, [key]);
  return state;
}

interface Following {
  readonly ended: AbortSignal;
  readonly opened: () => void;
}

/** Resolves when the server has ended the stream; rejects when it fails, and when `ended` aborts. */
async function followWhileVisible<T>(
  latest: { readonly current: Pick<StreamOrder<T>, "open" | "receive"> },
  { ended, opened }: Following,
): Promise<void> {
  let isOver = false;
  while (!isOver) {
    await whenVisible(ended);
    const hidden = hiddenSignal();
    try {
      opened();
      for await (const event of latest.current.open(AbortSignal.any([ended, hidden.signal]))) {
        ended.throwIfAborted();
        latest.current.receive(event);
      }
      isOver = !hidden.signal.aborted;
    } finally {
      hidden.stop();
    }
  }
}

/** A signal that aborts when the page has been hidden for `hiddenMs`. */
function hiddenSignal(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(timer);
    if (document.visibilityState !== "visible") timer = setTimeout(() => abort.abort(), hiddenMs);
  };
  document.addEventListener("visibilitychange", changed);
  const stop = () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", changed);
  };
  return { signal: abort.signal, stop };
}
