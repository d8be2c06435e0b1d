import type { Frame } from "../../transport/connection.ts";

interface Cached {
  readonly update: Uint8Array;
  readonly frame: Frame;
  isFresh: boolean;
}

/** Members that are sent the same pieces at the same time are at most this many pieces apart. */
const framesPerEncoder = 8;

/**
 * The last frames of each encoder, so that members that join, or receive a large update, at the same time share one
 * copy.
 */
export class FrameCache {
  readonly #last = new Map<(update: Uint8Array) => Frame, readonly Cached[]>();

  /**
   * Returns the frame of `update`. `encode` is a pure function, and the same object for all members that share its
   * frames.
   */
  frame(encode: (update: Uint8Array) => Frame, update: Uint8Array): Frame {
    const last = this.#last.get(encode) ?? [];
    const cached = last.find((each) => each.update === update);
    if (cached !== undefined) {
      cached.isFresh = true;
      return cached.frame;
    }
    const frame = encode(update);
    this.#last.set(encode, [{ update, frame, isFresh: true }, ...last.slice(0, framesPerEncoder - 1)]);
    return frame;
  }

  /** Drops the frames that were not used since the last call. */
  age(): void {
    if (this.#last.size === 0) return;
    for (const [encode, last] of this.#last) {
      const fresh = last.filter(({ isFresh }) => isFresh);
      for (const cached of fresh) cached.isFresh = false;
      if (fresh.length === 0) this.#last.delete(encode);
      else this.#last.set(encode, fresh);
    }
  }

  clear(): void {
    this.#last.clear();
  }
}
