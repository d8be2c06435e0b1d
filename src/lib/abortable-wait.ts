/**
 * Waits until `start` calls `done` or the signal aborts; resolves with whether `done` was first.
 *
 * The function that `start` returns ends what it has begun. It runs once, inside `done` or inside the abort, so nothing
 * can be handed to a wait that is over. When the signal has aborted already, `start` is not called.
 */
export function abortableWait(
  signal: AbortSignal,
  start: (done: () => void) => (() => void) | undefined,
): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    let isOver = false;
    let stop: (() => void) | undefined;
    const end = (isDone: boolean) => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener("abort", abort);
      stop?.();
      resolve(isDone);
    };
    const abort = () => end(false);
    signal.addEventListener("abort", abort);
    stop = start(() => end(true));
    if (isOver) stop?.();
  });
}

/** Settles as the promise does, or rejects with the signal's reason if that aborts first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
