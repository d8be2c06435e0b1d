import { Value } from "../../../shared/value.ts";
import { MessageFlow, type PassedMessages } from "./message-flow.ts";

/** Messages that have passed now. Each batch has another number. */
export interface Batch {
  readonly number: number;
  readonly messages: readonly PassedMessages[];
}

/** The messages of a room while it is followed, and the changes that a page has to show. */
export class LiveFlow {
  readonly flow = new MessageFlow();
  /** Changes with every message, and whenever a link fades. */
  readonly version = new Value(0);
  readonly batch = new Value<Batch>({ number: 0, messages: [] });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `omitted` messages are those of which it is not known between whom they passed. */
  record(messages: readonly PassedMessages[], omitted = 0): void {
    this.flow.record(messages, Date.now());
    this.flow.recordOthers(omitted);
    this.#changed();
    this.batch.set({ number: this.batch.current.number + 1, messages });
  }

  /** Forgets the links of members that have left. */
  retain(ids: ReadonlySet<string>): void {
    this.flow.retain(ids);
    this.#changed();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** No timer runs when no link fades. */
  #changed(): void {
    clearTimeout(this.#timer);
    this.version.set(this.version.current + 1);
    const now = Date.now();
    const next = this.flow.nextChangeAt(now);
    if (next !== undefined) this.#timer = setTimeout(() => this.#changed(), next - now);
  }
}
