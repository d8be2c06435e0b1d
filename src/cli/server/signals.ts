import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";

export interface SignalsOptions {
  /** Whether the process was started on a terminal, and so ends with it. */
  readonly onTerminal: boolean;
}

/**
 * The signals of the process, from the construction on.
 *
 * SIGTERM and SIGINT ask it to stop; a second one ends it at once, with the exit code that shells expect: 128 + the
 * signal's number. SIGHUP asks it to reload. A terminal that closes sends SIGHUP as well, which then asks to stop.
 */
export class Signals {
  /** Resolves with the first signal that asks the process to stop. */
  readonly stop: Promise<NodeJS.Signals>;
  readonly #stopped = Promise.withResolvers<NodeJS.Signals>();
  readonly #options: SignalsOptions;
  #isStopping = false;
  #reload: (() => Promise<void>) | undefined;
  #isReloading = false;
  #isReloadDue = false;

  constructor(options: SignalsOptions) {
    this.#options = options;
    this.stop = this.#stopped.promise;
    process.on("SIGTERM", () => this.#received("SIGTERM"));
    process.on("SIGINT", () => this.#received("SIGINT"));
    process.on("SIGHUP", () => {
      if (this.#options.onTerminal && isTerminalGone()) this.#received("SIGHUP");
      else this.#reloadAsked();
    });
  }

  /**
   * Runs `reload`, which must not reject, for the signals that ask for it: also for one that has come before, and once
   * more if another one comes meanwhile. Not when the process is to stop.
   */
  whenReloadAsked(reload: () => Promise<void>): void {
    this.#reload = reload;
    if (this.#isReloadDue) this.#reloadAsked();
  }

  #received(signal: NodeJS.Signals): void {
    if (this.#isStopping) process.exit(128 + constants.signals[signal]);
    this.#isStopping = true;
    this.#stopped.resolve(signal);
  }

  #reloadAsked(): void {
    this.#isReloadDue = true;
    if (!this.#isReloading) void this.#runReloads();
  }

  async #runReloads(): Promise<void> {
    if (this.#reload === undefined) return;
    this.#isReloading = true;
    while (this.#isReloadDue && !this.#isStopping) {
      this.#isReloadDue = false;
      await this.#reload();
    }
    this.#isReloading = false;
  }
}

/** Whether the process has lost its terminal. It can still be opened after a SIGHUP that a program has sent. */
function isTerminalGone(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return false;
  } catch {
    return true;
  }
}
