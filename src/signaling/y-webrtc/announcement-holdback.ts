import type { Clock } from "../../lib/time/clock.ts";
import type { Member } from "../signaling-room.ts";

/** A client announces itself sooner than this after it has joined a topic, unless its network loses packets. */
export const holdbackMs = 100;

/** How many announcements are held back from one subscriber. Only an attack reaches more. */
const maxFrames = 256;

interface HeldAnnouncements {
  readonly frames: string[];
  readonly cancel: () => void;
}

/**
 * Announcements that are held back from subscribers that have just joined, until those announce themselves.
 *
 * A client that receives an announcement calls its sender. Two clients that receive each other's announcement call each
 * other at the same time, and y-webrtc's client cannot always resolve that: some of these calls wait for an answer for
 * ever, and are not repeated. So only one of the two receives the other's announcement, as if the one that announced
 * itself later had also joined later.
 */
export class AnnouncementHoldback {
  readonly #clock: Clock;
  readonly #held = new Map<Member, HeldAnnouncements>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Holds an announcement back from a receiver, for at most `holdbackMs`. All that are held back from one receiver are
   * released together, in order, or dropped.
   */
  holdBack(receiver: Member, frame: string): void {
    let held = this.#held.get(receiver);
    if (held === undefined) {
      const cancel = this.#clock.after(holdbackMs, () => this.release(receiver));
      held = { frames: [], cancel };
      this.#held.set(receiver, held);
    }
    held.frames.push(frame);
    if (held.frames.length >= maxFrames) this.release(receiver);
  }

  /** Sends the receiver the announcements that were held back: it will announce itself later than others, or never. */
  release(receiver: Member): void {
    for (const frame of this.#take(receiver)) receiver.connection.send(frame);
  }

  releaseAll(): void {
    for (const receiver of this.#held.keys()) this.release(receiver);
  }

  /** Drops the receiver's announcements: their senders receive the receiver's own, or it has left. */
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
