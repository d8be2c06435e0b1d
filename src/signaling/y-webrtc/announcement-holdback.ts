import type { Clock } from "../../lib/time/clock.ts";
import type { Member } from "../signaling-room.ts";

/** From entering a topic to announcing oneself a client needs less, unless its network loses something. */
export const holdbackMs = 100;

/** Kept from one subscriber: more than come together unless somebody wants to fill the memory. */
const mostFrames = 256;

interface HeldAnnouncement {
  readonly frames: string[];
  readonly cancel: () => void;
}

/**
 * Announcements that are kept from those who have just come, until these announce themselves.
 *
 * Whoever hears an announcement calls. Two who hear each other's call each other at once, and y-webrtc's client cannot
 * always settle that: some of these calls wait for an answer for ever, and nothing makes up for them. So one of them hears
 * the other, as if the one who announced itself later had come later as well.
 */
export class AnnouncementHoldback {
  readonly #clock: Clock;
  readonly #held = new Map<Member, HeldAnnouncement>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For `introductionMs` at most. All that is kept from a receiver is released together, in order, or dropped. */
  holdBack(receiver: Member, frame: string): void {
    let held = this.#held.get(receiver);
    if (held === undefined) {
      const cancel = this.#clock.after(holdbackMs, () => this.release(receiver));
      held = { frames: [], cancel };
      this.#held.set(receiver, held);
    }
    held.frames.push(frame);
    if (held.frames.length >= mostFrames) this.release(receiver);
  }

  /** The receiver is told; it comes after others, or does not announce itself. */
  release(receiver: Member): void {
    for (const frame of this.#take(receiver)) receiver.connection.send(frame);
  }

  releaseAll(): void {
    for (const receiver of this.#held.keys()) this.release(receiver);
  }

  /** Those whose announcements were kept from the receiver hear its own, or it has gone. */
  drop(receiver: Member): void {
    this.#take(receiver);
  }

  #take(receiver: Member): readonly string[] {
    const held = this.#held.get(receiver);
    if (held === undefined) return [];
    this.#held.delete(receiver);
    held.cancel();
    return held.frames;
  }
}
