/** The header Date has whole seconds. */
const resolutionMs = 1_000;
/** A smaller difference is not seen: proxies and delays cause it as well. */
const toleratedMs = 2_000;

/** When a request was sent and its answer received, in epoch milliseconds of the browser. */
export interface RequestTimes {
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** The server's clock, as the header Date of its answers shows it. That of the browser may be wrong by minutes. */
export class ServerClock {
  #offsetMs = 0;

  /** Epoch milliseconds. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Takes the header Date of an answer over; null for an answer without one. */
  observe(date: string | null, { receivedAt, sentAt }: RequestTimes): void {
    const at = Date.parse(date ?? "");
    if (Number.isNaN(at)) return;
    const [least, most] = [at - receivedAt, at + resolutionMs - sentAt];
    const isPossiblyEqual = least - toleratedMs <= 0 && 0 <= most + toleratedMs;
    this.#offsetMs = isPossiblyEqual ? 0 : Math.round((least + most) / 2);
  }
}
