import type { Clock } from "../../lib/time/clock.ts";
import type { HocuspocusLimits } from "./limits.ts";

/** Whether the client of a document is in it: not decided yet, in, or denied. */
export type Standing = "undecided" | "joined" | "denied";

export interface StrangerDeadlineOptions {
  readonly limits: Pick<HocuspocusLimits, "authenticationMs" | "withoutDocumentMs">;
  readonly clock: Clock;
  /** The connection is of no use and should be closed. `detail` names the bound, for the log. */
  readonly passed: (detail: string) => void;
}

/**
 * The deadline of a connection that has joined no document: `authenticationMs` after the first denial, else
 * `withoutDocumentMs` after it was opened or has left its last document.
 *
 * Only a joined document stops the deadline; further documents and tokens do not extend it. While a document is
 * undecided, its own deadline counts.
 */
export class StrangerDeadline {
  readonly #options: StrangerDeadlineOptions;
  readonly #documents: Record<Standing, number> = { undecided: 0, joined: 0, denied: 0 };
  /** Epoch milliseconds: since when no document is joined. */
  #strangerAt: number | undefined;
  /** Epoch milliseconds: the first denial since then. */
  #deniedAt: number | undefined;
  #dueAt: number | undefined;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: StrangerDeadlineOptions) {
    this.#options = options;
    this.#update();
  }

  attached(): void {
    this.#documents.undecided += 1;
    this.#update();
  }

  /** Only an undecided document is detached: the client has left it before. */
  detached(): void {
    this.#documents.undecided -= 1;
    this.#update();
  }

  changed(before: Standing, after: Standing): void {
    if (before === after) return;
    this.#documents[before] -= 1;
    this.#documents[after] += 1;
    this.#update();
  }

  /** Stops the deadline for good. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #update(): void {
    if (this.#isClosed) return;
    const dueAt = this.#nextDueAt();
    if (dueAt === this.#dueAt) return;
    const { clock, passed } = this.#options;
    this.#dueAt = dueAt;
    this.#cancel?.();
    const detail =
      this.#deniedAt === undefined
        ? "limits.without-document-ms: in no document"
        : "limits.authentication-ms: in no document after a denial";
    this.#cancel =
      dueAt === undefined ? undefined : clock.after(Math.max(0, dueAt - clock.elapsedMs()), () => passed(detail));
  }

  #nextDueAt(): number | undefined {
    const { clock, limits } = this.#options;
    const { undecided, joined, denied } = this.#documents;
    if (joined > 0) {
      this.#strangerAt = undefined;
      this.#deniedAt = undefined;
      return undefined;
    }
    this.#strangerAt ??= clock.elapsedMs();
    if (denied > 0) this.#deniedAt ??= clock.elapsedMs();
    if (this.#deniedAt !== undefined) return this.#deniedAt + limits.authenticationMs;
    return undecided > 0 ? undefined : this.#strangerAt + limits.withoutDocumentMs;
  }
}
