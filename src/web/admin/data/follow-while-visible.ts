import { type Visibility, whenVisible } from "./visibility.ts";

/** The stream is closed when nobody has seen the page for so long: an open stream costs the server something. */
const hiddenMs = 60_000;

export interface Following<T> {
  /** Opens the stream. It ends when `signal` aborts, and may throw. */
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly receive: (event: T) => void;
  /** Called each time the stream is opened. */
  readonly opened: () => void;
  readonly ended: AbortSignal;
  readonly visibility: Visibility;
  /** Runs a task after a delay. Returns the function that cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void;
}

/**
 * Follows a stream while somebody can see the page, and opens it again when somebody does after a pause. Resolves when the
 * server has ended the stream; rejects when the stream fails, and when `ended` aborts. Nothing is received after that.
 */
export async function followWhileVisible<T>(following: Following<T>): Promise<void> {
  const { after, ended, open, opened, receive, visibility } = following;
  let isOver = false;
  while (!isOver) {
    await whenVisible(ended, visibility);
    const hidden = new AbortController();
    let cancel: (() => void) | undefined;
    const unwatch = visibility.watch(() => {
      cancel?.();
      cancel = visibility.isVisible() ? undefined : after(hiddenMs, () => hidden.abort());
    });
    try {
      opened();
      for await (const event of open(AbortSignal.any([ended, hidden.signal]))) {
        ended.throwIfAborted();
        receive(event);
      }
      ended.throwIfAborted();
      isOver = !hidden.signal.aborted;
    } finally {
      cancel?.();
      unwatch();
    }
  }
}
