import type { IndexeddbPersistence } from "y-indexeddb";
import { Value } from "../../shared/value.ts";
import { decodeSyncFrame } from "../traffic/sync-frame.ts";
import { type SyncFacts, type SyncState, syncState } from "./sync-state.ts";
import { UnsavedEdits } from "./unsaved-edits.ts";

/** The facts about the window's connections. */
type OuterFacts = Pick<SyncFacts, "link" | "access" | "denial" | "peerCount" | "savingPeerCount">;

/** "Saved" appears when typing pauses, not between two keystrokes. */
const savedDelayMs = 300;

/** Tracks the edits of this window until the server has acknowledged them. */
export class SaveWatch {
  readonly state = new Value<SyncState>({ state: "offline", text: "Connecting to the server…" });
  readonly #persistence: IndexeddbPersistence;
  readonly #reach: () => OuterFacts;
  readonly #unsaved = new UnsavedEdits();
  #isReading = true;
  #isKept = true;
  #savedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(persistence: IndexeddbPersistence, reach: () => OuterFacts) {
    this.#persistence = persistence;
    this.#reach = reach;
    persistence.once("synced", () => this.#hasRead(true));
    // A browser may refuse to store anything, especially in private windows.
    persistence._db.catch(() => this.#hasRead(false));
  }

  /** Records a change of the document that no transport has brought. */
  changed(update: Uint8Array, origin: unknown): void {
    if (origin === this.#persistence) this.#unsaved.restored(update);
    else this.#unsaved.edited(update);
    this.update();
  }

  /** Reads a frame that the WebSocket has sent. */
  sent(frame: Uint8Array): void {
    const message = decodeSyncFrame(frame);
    if (message.type !== "sync-step-2") return;
    this.#unsaved.answered(message.update);
    this.update();
  }

  /** Reads a frame that the WebSocket has received. */
  received(frame: Uint8Array): void {
    const message = decodeSyncFrame(frame);
    if (message.type !== "update" && message.type !== "sync-step-2") return;
    this.#unsaved.acknowledged(message.update);
    this.update();
  }

  /** Shows the current state: "saved" after a delay, every other state at once. */
  update(): void {
    const next = this.#current;
    if (next.state === "saved" && this.state.current.state === "saving") {
      this.#savedTimer ??= setTimeout(() => this.#show(this.#current), savedDelayMs);
    } else this.#show(next);
  }

  #show(state: SyncState): void {
    clearTimeout(this.#savedTimer);
    this.#savedTimer = undefined;
    this.state.set(state);
  }

  get #current(): SyncState {
    return syncState({
      ...this.#reach(),
      unsavedCount: this.#unsaved.count,
      isRestoring: this.#isReading || this.#unsaved.hasRestored,
      isKept: this.#isKept,
    });
  }

  #hasRead(isKept: boolean): void {
    this.#isReading = false;
    this.#isKept = isKept;
    this.update();
  }
}
