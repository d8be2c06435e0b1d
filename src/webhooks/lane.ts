import type { Clock } from "../lib/time/clock.ts";
import type { CommittedChange } from "../relay/changes.ts";
import type { UnreportedChanges } from "./unreported-changes.ts";

export interface Debounce {
  readonly debounceMs: number;
  readonly maxWaitMs: number;
}

/** The users of one message; further ones are left out. */
const maxUsers = 100;

/** The changes of a document since they were last taken. */
class Collected {
  first: number;
  readonly firstAt: number;
  readonly users = new Set<string>();
  last = 0;
  lastAt = 0;
  bytes = 0;

  constructor(row: number, now: number) {
    this.first = row;
    this.firstAt = now;
  }
}

/** The way of what happens to one document to one endpoint: one message at a time, in order. */
export class Lane {
  readonly document: string;
  readonly #clock: Pick<Clock, "elapsedMs" | "after">;
  /** `queued`: waits for its turn. `waiting`: for a time. */
  state: "idle" | "waiting" | "queued" | "running" = "idle";
  /** The store may have more for it than it had when the lane was last looked up. */
  mustLookAgain = false;
  /** Updates may be unreported that are not in `changes`: those before the server started. */
  mayLackChanges = false;
  #collected: Collected | undefined;
  #cancel: (() => void) | undefined;

  constructor(document: string, clock: Pick<Clock, "elapsedMs" | "after">) {
    this.document = document;
    this.#clock = clock;
  }

  /** Records an update. Called for every committed update. */
  changed({ row, update, user }: CommittedChange): void {
    const now = this.#clock.elapsedMs();
    this.#collected ??= new Collected(row, now);
    const collected = this.#collected;
    // Those of other nodes may come late.
    collected.first = Math.min(collected.first, row);
    collected.last = Math.max(collected.last, row);
    collected.lastAt = now;
    collected.bytes += update.byteLength;
    if (user !== undefined && collected.users.size < maxUsers) collected.users.add(user);
  }

  get hasChanges(): boolean {
    return this.#collected !== undefined || this.mayLackChanges;
  }

  /** The time until the changes are to be reported; undefined if there are none. */
  reportInMs({ debounceMs, maxWaitMs }: Debounce): number | undefined {
    if (this.mayLackChanges) return 0;
    if (this.#collected === undefined) return undefined;
    const { firstAt, lastAt } = this.#collected;
    return Math.max(0, Math.min(lastAt + debounceMs, firstAt + maxWaitMs) - this.#clock.elapsedMs());
  }

  /** The changes, which the lane forgets. */
  take(): UnreportedChanges | undefined {
    const taken = this.#collected;
    this.#collected = undefined;
    this.mayLackChanges = false;
    if (taken === undefined) return undefined;
    return { first: taken.first, sequence: taken.last, users: [...taken.users], bytes: taken.bytes };
  }

  /** Gives changes back that could not be reported, or not all of them. */
  giveBack(changes: UnreportedChanges): void {
    const later = this.#collected;
    const now = this.#clock.elapsedMs();
    const former = new Collected(Math.min(changes.first, later?.first ?? changes.first), later?.firstAt ?? now);
    for (const user of [...changes.users, ...(later?.users ?? [])]) {
      if (former.users.size < maxUsers) former.users.add(user);
    }
    former.last = Math.max(changes.sequence, later?.last ?? 0);
    former.lastAt = later?.lastAt ?? now;
    former.bytes = changes.bytes + (later?.bytes ?? 0);
    this.#collected = former;
  }

  /** Waits, in place of a wait before. */
  wait(ms: number, done: () => void): void {
    this.stopWaiting();
    this.state = "waiting";
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      this.state = "idle";
      done();
    });
  }

  stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.state === "waiting") this.state = "idle";
  }
}
