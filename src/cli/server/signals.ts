import { constants } from "node:os";

/**
 * Resolves with the first signal that asks the process to stop. A second one ends it at once, with the exit code that
 * shells expect: 128 + the signal's number.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let isStopping = false;
  const received = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(128 + constants.signals[signal]);
    isStopping = true;
    resolve(signal);
  };
  process.on("SIGTERM", received);
  process.on("SIGINT", received);
  return promise;
}
