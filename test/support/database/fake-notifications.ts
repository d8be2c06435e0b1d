import type { SQL } from "bun";

/** Sent by `SQL.notify`. */
interface Sent {
  readonly channel: string;
  readonly payload: string;
}

type Statement = (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;

/** A database of notifications: several connections hear what each of them sends, when `deliver` is called. */
export class FakeNotifications {
  readonly sent: Sent[] = [];
  /** If it is set, notifications wait for it. */
  gate: Promise<void> | undefined;
  #delivered = 0;
  readonly #listeners = new Map<string, ((payload: string) => void)[]>();

  /** A connection whose statements are answered by `statement`. */
  connect(statement: Statement = async () => []): SQL {
    const sql = (texts: TemplateStringsArray, ...values: unknown[]) => statement(texts.join("?"), values);
    const listen = async (channel: string, heard: (payload: string) => void) => {
      this.#listeners.set(channel, [...(this.#listeners.get(channel) ?? []), heard]);
      return { channel, unlisten: async () => {} };
    };
    const notify = async (channel: string, payload: string) => {
      await this.gate;
      this.sent.push({ channel, payload });
    };
    return Object.assign(sql, { listen, notify }) as unknown as SQL;
  }

  /** Delivers what was sent since the last call, in its order. `change` may change, repeat or drop payloads. */
  deliver(change: (payloads: readonly Sent[]) => readonly Sent[] = (payloads) => payloads): void {
    const payloads = this.sent.slice(this.#delivered);
    this.#delivered = this.sent.length;
    for (const { channel, payload } of change(payloads))
      for (const heard of this.#listeners.get(channel) ?? []) heard(payload);
  }
}
