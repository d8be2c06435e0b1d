import type { Frame } from "../transport/connection.ts";

interface Cached {
  readonly update: Uint8Array;
  readonly frame: Frame;
  isFresh: boolean;
}

/**
 * The last frame of each encoder, so that members that join, or receive a large update, at the same time share one
 * copy.
 */
export class FrameCache {
  readonly #last = new Map<(update: Uint8Array) => Frame, Cached>();

  /**
   * Returns the frame of `update`. `encode` is a pure function, and the same object for all members that share its
   * frames.
   */
  frame(encode: (update: Uint8Array) => Frame, update: Uint8Array): Frame {
    const last = this.#last.get(encode);
    if (last?.update === update) {
      last.isFresh = true;
      return last.frame;
    }
    const frame = encode(update);
    this.#last.set(encode, { update, frame, isFresh: true });
    return frame;
  }

  /** Drops the frames that were not used since the last call. */
  age(): void {
    for (const [encode, cached] of this.#last) {
      if (!cached.isFresh) this.#last.delete(encode);
      cached.isFresh = false;
    }
  }

  clear(): void {
    this.#last.clear();
  }
}
