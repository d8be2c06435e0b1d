import { useEffect, useRef, useState } from "preact/hooks";
import { type Following, followWhileVisible } from "./follow-while-visible.ts";
import { pageVisibility } from "./page-visibility.ts";
import { runAfter } from "./run-after.ts";
import { sentenceOf } from "./sentence-of.ts";

export interface StreamOrder<T> extends Pick<Following<T>, "open" | "receive"> {
  /** Another key means another stream. Undefined: no stream is open. */
  readonly key: string | undefined;
}

/** `failed` has a sentence. */
export type StreamState =
  | { readonly kind: "closed" }
  | { readonly kind: "open" }
  | { readonly kind: "failed"; readonly why: string };

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
    followWhileVisible<T>({
      ended: ended.signal,
      open: (signal) => latest.current.open(signal),
      receive: (event) => latest.current.receive(event),
      opened: () => setState({ kind: "open" }),
      visibility: pageVisibility,
      after: runAfter,
    }).then(
      () => setState({ kind: "closed" }),
      (error: unknown) => {
        // The stream of the next key may be open by now.
        if (!ended.signal.aborted) setState({ kind: "failed", why: sentenceOf(error) });
      },
    );
    return () => ended.abort();
  }, [key]);
  return state;
}
