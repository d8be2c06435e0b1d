import { Value } from "../../shared/value.ts";
import type { AccessAnswer } from "../server.ts";
import { decodeSyncFrame } from "../traffic/sync-frame.ts";
import type { RoomAccess } from "./room-access.ts";

/** The time between two questions while the server does not answer. */
const retryMs = 2_000;
/** The beginning of the reason with which the server refuses changes, and stays connected. */
const readOnlyReason = "read-only";

/**
 * Tracks the access of this window.
 *
 * The server says when it refuses changes. It has no message for a permission to write, but asks for the window's changes
 * then, as it does at each connect: the page asks about its access each time.
 */
export class AccessWatch {
  readonly state: Value<RoomAccess>;
  readonly #ask: (() => Promise<AccessAnswer | undefined>) | undefined;
  /** The number of questions and notices so far: an answer is outdated when a later one exists. */
  #version = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** `ask` is undefined where every window may write. */
  constructor(ask: (() => Promise<AccessAnswer | undefined>) | undefined) {
    this.#ask = ask;
    this.state = new Value<RoomAccess>(ask === undefined ? "write" : "unknown");
    void this.#check();
  }

  get canWrite(): boolean {
    return this.state.current === "write";
  }

  /** Resolves when the access is known. */
  known(): Promise<void> {
    if (this.state.current !== "unknown") return Promise.resolve();
    return new Promise((resolve) => {
      const unsubscribe = this.state.subscribe(() => {
        unsubscribe();
        resolve();
      });
    });
  }

  /** Reads a frame that the WebSocket has received. */
  received(frame: Uint8Array): void {
    const message = decodeSyncFrame(frame);
    if (message.type === "sync-step-1") void this.#check();
    else if (message.type === "permission-denied" && message.reason.startsWith(readOnlyReason)) this.#refused();
  }

  #refused(): void {
    this.#version += 1;
    this.state.set("read");
  }

  async #check(): Promise<void> {
    if (this.#ask === undefined) return;
    clearTimeout(this.#retry);
    this.#version += 1;
    const version = this.#version;
    const answer = await this.#ask();
    if (version !== this.#version) return;
    if (answer === undefined) this.#retry = setTimeout(() => void this.#check(), retryMs);
    else if (answer.access !== "none") this.state.set(answer.access);
    else if (this.state.current === "unknown") this.state.set("write");
  }
}
