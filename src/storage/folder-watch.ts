import { type Backoff, backoffMs } from "../lib/backoff.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import { type ContentFault, describeFault, type FolderContent, faultRemedies } from "./folder-content.ts";

export interface FolderWatchOptions {
  /** The contents of one data folder, in the order in which they are restored: the folder itself is the first. */
  readonly contents: readonly FolderContent[];
  readonly clock: Clock;
  readonly log: Log;
}

/** The data folder is not at its path, and its content could not be written there. */
export class DataFolderGone extends Error {
  constructor(fault: ContentFault) {
    super(describeFault(fault));
    this.name = "DataFolderGone";
  }
}

const intervalMs = 1_000;
/** Deleted content is written out one interval after it was missed, since the deletion of a folder takes time. */
const restoreBackoff: Backoff = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Looks once a second whether the next start would read what this process has open and in memory, and writes deleted
 * content to the data folder again. Content that still exists elsewhere is not written: it can be moved back.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  #fault: ContentFault | undefined;
  /** The attempts to restore, since the folder was last intact. */
  #attempts = 0;
  #isRewritten = false;
  #restoresAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Whether the last check found everything in its place. */
  get isIntact(): boolean {
    return this.#fault === undefined;
  }

  /**
   * For the end of the server: checks a last time, and restores at once what can be restored. Rejects with
   * `DataFolderGone` if the next start would lack something.
   */
  async finish(): Promise<void> {
    await this.close();
    this.#restoresAt = Number.NEGATIVE_INFINITY;
    // The first check finds the fault, and the second restores.
    await this.#check();
    if (this.#fault !== undefined) await this.#check();
    if (this.#fault !== undefined) throw new DataFolderGone(this.#fault);
  }

  /** Stops the checks. Resolves when the last one has ended. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#checking;
  }

  #schedule(): void {
    if (this.#isClosed || this.#options.contents.length === 0) return;
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      this.#checking = this.#check().then(() => this.#schedule());
    });
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    const faults = this.#findFaults();
    const wasKnown = this.#fault !== undefined;
    this.#report(faults[0]);
    if (!wasKnown || !faults.every(({ state }) => state === "deleted")) return;
    if (this.#options.clock.elapsedMs() < this.#restoresAt) return;
    await this.#restore();
    this.#report(this.#findFaults()[0]);
  }

  #findFaults(): readonly ContentFault[] {
    return this.#options.contents.flatMap((content) => content.findFault() ?? []);
  }

  #report(fault: ContentFault | undefined): void {
    const { log } = this.#options;
    const former = this.#fault;
    this.#fault = fault;
    if (fault === undefined) {
      if (former !== undefined) log.warn({ event: "data-folder-recovered", isRewritten: this.#isRewritten });
      this.#attempts = 0;
      this.#isRewritten = false;
    } else if (fault.path !== former?.path || fault.state !== former.state) {
      log.error({ event: "data-folder-gone", ...fault, remedy: faultRemedies[fault.state] });
    }
  }

  async #restore(): Promise<void> {
    const { clock, contents, log } = this.#options;
    this.#attempts += 1;
    this.#restoresAt = clock.elapsedMs() + backoffMs(this.#attempts, restoreBackoff);
    try {
      for (const content of contents) if (content.findFault() !== undefined) await content.restore();
      this.#isRewritten = true;
    } catch (error) {
      log.error({ event: "data-folder-restore-failed", err: error });
    }
  }
}
