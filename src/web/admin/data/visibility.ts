/** Whether somebody can see the page. */
export interface Visibility {
  readonly isVisible: () => boolean;
  /** Calls `changed` whenever the answer may be another one. Returns the function that ends that. */
  readonly watch: (changed: () => void) => () => void;
}

/** Resolves when somebody can see the page; rejects when `signal` aborts. */
export async function whenVisible(signal: AbortSignal, visibility: Visibility): Promise<void> {
  signal.throwIfAborted();
  if (visibility.isVisible()) return;
  await new Promise<void>((resolve, reject) => {
    const ended = () => {
      unwatch();
      reject(signal.reason);
    };
    const unwatch = visibility.watch(() => {
      if (!visibility.isVisible()) return;
      unwatch();
      signal.removeEventListener("abort", ended);
      resolve();
    });
    signal.addEventListener("abort", ended, { once: true });
  });
}
