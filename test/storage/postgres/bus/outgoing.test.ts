import { describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import { decodeEnvelope, encodeItem } from "../../../../src/storage/postgres/bus/bus-codec.ts";
import { Outgoing } from "../../../../src/storage/postgres/bus/outgoing.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";

/** The queue of a node whose database answers when it is told to. */
class Sending {
  readonly clock = new FakeClock();
  /** The envelopes of each statement. */
  readonly statements: string[][] = [];
  dropped = 0;
  sent = 0;
  readonly outgoing: Outgoing;
  #answer = Promise.withResolvers<void>();

  constructor() {
    const sql = this.#connect();
    this.outgoing = new Outgoing({
      node: "0123456789abcdef",
      channel: "c",
      clock: this.clock,
      connection: () => sql,
      beat: () => ({ kind: "beat", asksForBeats: false, views: new Map() }),
      sent: (messages) => {
        this.sent += messages;
      },
      dropped: (messages) => {
        this.dropped += messages;
      },
    });
  }

  add(text: string): void {
    const body = new TextEncoder().encode(text);
    this.outgoing.add(encodeItem({ kind: "message", to: undefined, subject: "s", room: "r", body }));
  }

  /** The numbers and contents of the envelopes of a statement. */
  envelopes(statement: number): readonly (readonly [number: number, ...texts: string[]])[] {
    return (this.statements[statement] ?? []).map((payload) => {
      const { items = [], number = 0 } = decodeEnvelope(Uint8Array.fromBase64(payload.slice(16))) ?? {};
      const texts = items.map((item) => ("body" in item ? new TextDecoder().decode(item.body) : item.kind));
      return [number, ...texts];
    });
  }

  /** Has the statement under way end. */
  async answer(error?: Error): Promise<void> {
    const answer = this.#answer;
    this.#answer = Promise.withResolvers();
    if (error === undefined) answer.resolve();
    else answer.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #connect(): SQL {
    const statement = (_strings: TemplateStringsArray, _channel: string, payloads: string[]) => {
      this.statements.push(payloads);
      return this.#answer.promise;
    };
    const notify = (_channel: string, payload: string) => {
      this.statements.push([payload]);
      return this.#answer.promise;
    };
    // Only these are called.
    return Object.assign(statement, { notify, array: (values: unknown) => values }) as unknown as SQL;
  }
}

describe("the queue of the bus", () => {
  test("sends the first message at once, and those of the next 3 ms together", async () => {
    const sending = new Sending();
    sending.add("1");
    sending.clock.runTurns();
    expect(sending.envelopes(0)).toEqual([[1, "1"]]);
    sending.add("2");
    await sending.answer();
    sending.add("3");
    sending.clock.advance(2);
    expect(sending.statements).toHaveLength(1);
    sending.clock.advance(1);
    expect(sending.envelopes(1)).toEqual([[2, "2", "3"]]);
    await sending.answer();
    expect(sending.sent).toBe(3);
  });

  test("sends a statement again whose outcome is unknown, with the same numbers", async () => {
    const sending = new Sending();
    sending.add("1");
    sending.clock.runTurns();
    sending.add("2");
    await sending.answer(new Error("closed"));
    sending.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    sending.clock.runTurns();
    expect(sending.envelopes(1)).toEqual([[1, "1"]]);
    await sending.answer();
    sending.clock.advance(3);
    expect(sending.envelopes(2)).toEqual([[2, "2"]]);
  });

  test("puts a beat before everything that waits", () => {
    const sending = new Sending();
    sending.add("1");
    sending.outgoing.beatDue();
    sending.clock.runTurns();
    expect(sending.envelopes(0)).toEqual([[1, "beat", "1"]]);
  });

  test("fills notifications up to what Postgres takes", () => {
    const sending = new Sending();
    for (let number = 0; number < 300; number += 1) sending.add("x".repeat(200));
    sending.clock.runTurns();
    const lengths = sending.statements[0]?.map((payload) => payload.length) ?? [];
    expect(lengths.length).toBeWithin(10, 13);
    expect(Math.max(...lengths)).toBeWithin(7_700, 8_000);
  });

  test("drops the oldest of more than 16 MiB that wait, and leaves a gap in the numbers", async () => {
    const sending = new Sending();
    sending.add("first");
    sending.clock.runTurns();
    const large = "x".repeat(1024 * 1024);
    for (let number = 0; number < 17; number += 1) sending.add(large);
    expect(sending.dropped).toBe(8);
    sending.outgoing.clear();
    expect(sending.dropped).toBe(17);
    sending.add("last");
    await sending.answer();
    sending.clock.advance(3);
    expect(sending.envelopes(1)).toEqual([[4, "last"]]);
  });
});
