import type { Clock } from "../../lib/time/clock.ts";
import type { Member } from "../signaling-room.ts";

/** From entering a topic to announcing oneself a client needs less, unless its network loses something. */
export const introductionMs = 100;

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
  readonly #waiting = new Map<Member, HeldAnnouncement>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For `introductionMs` at most. All that is kept from a receiver is released together, in order, or dropped. */
  withhold(receiver: Member, frame: string): void {
    let introduction = this.#waiting.get(receiver);
    if (introduction === undefined) {
      const cancel = this.#clock.after(introductionMs, () => this.release(receiver));
      introduction = { frames: [], cancel };
      this.#waiting.set(receiver, introduction);
    }
    introduction.frames.push(frame);
    if (introduction.frames.length >= mostFrames) this.release(receiver);
  }

  /** The receiver is told; it comes after others, or does not announce itself. */
  release(receiver: Member): void {
    for (const frame of this.#take(receiver)) receiver.connection.send(frame);
  }

  releaseAll(): void {
    for (const receiver of this.#waiting.keys()) this.release(receiver);
  }

  /** Those whose announcements were kept from the receiver hear its own, or it has gone. */
  drop(receiver: Member): void {
    this.#take(receiver);
  }

  #take(receiver: Member): readonly string[] {
    const introduction = this.#waiting.get(receiver);
    if (introduction === undefined) return [];
    this.#waiting.delete(receiver);
    introduction.cancel();
    return introduction.frames;
  }
}
