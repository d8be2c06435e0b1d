import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { OpenChannel } from "../../src/transport/channel.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import type { Connection, Frame } from "../../src/transport/connection.ts";
import { eventually } from "../support/eventually.ts";
import { tuple } from "../support/tuple.ts";

/** The client at the other end of a connection. */
export interface Receiver {
  readonly connection: Connection;
  /** The received frames: text as it is, binary frames by their length. */
  readonly received: readonly (string | number)[];
  /** Disconnects the client; resolves when the connection has noticed. */
  leave(): Promise<void>;
}

/** The connections and channels of one implementation. */
export interface Wire {
  readonly openChannel: OpenChannel;
  connect(): Promise<Receiver>;
  close(): Promise<void>;
}

/** The contract of every connection and every channel. */
export function describeWire(name: string, open: () => Wire): void {
  describe(name, () => {
    let wire: Wire;
    beforeEach(() => {
      wire = open();
    });
    afterEach(() => wire.close());

    const connectAll = async <const N extends number>(count: N) =>
      tuple(count, await Promise.all(Array.from({ length: count }, () => wire.connect())));
    /** Sends a last frame to each receiver directly, waits for it, and returns the frames received before it. */
    const receivedBy = async (...receivers: readonly Receiver[]) => {
      for (const { connection } of receivers) connection.send("end");
      await eventually("the last frame", () => receivers.every(({ received: heard }) => heard.at(-1) === "end"));
      return receivers.map(({ received: heard }) => heard.slice(0, -1));
    };

    describe("a connection", () => {
      test("delivers text and bytes in the order in which they were sent, by any method", async () => {
        const [a] = await connectAll(1);
        const frames: readonly Frame[] = ["1", new Uint8Array(2), "3"];
        for (const frame of frames) a.connection.send(frame);
        a.connection.cork(() => {
          a.connection.send("4");
          a.connection.send(new Uint8Array(5));
        });
        a.connection.sendSnapshot("6");
        expect(await receivedBy(a)).toEqual([["1", 2, "3", "4", 5, "6"]]);
      });

      test("calls a drained task immediately when there are no unsent bytes", async () => {
        const [a] = await connectAll(1);
        let calls = 0;
        a.connection.drained(() => {
          calls += 1;
        });
        expect([a.connection.unsentBytes, calls]).toEqual([0, 1]);
      });

      test("does nothing after either side has closed it", async () => {
        const [a, b] = await connectAll(2);
        a.connection.close(closeReasons.restart);
        a.connection.close(closeReasons.restart);
        await b.leave();
        for (const { connection, received: heard } of [a, b]) {
          let calls = 0;
          expect(connection.isOpen).toBe(false);
          connection.send("late");
          connection.cork(() => connection.send("late"));
          connection.sendSnapshot("late");
          connection.drained(() => {
            calls += 1;
          });
          connection.close(closeReasons.restart);
          expect([heard, calls]).toEqual([[], 0]);
        }
      });
    });

    test("a ping is answered when either side closes the connection, and when it is closed already", async () => {
      const [a, b] = await connectAll(2);
      const answers: string[] = [];
      a.connection.close(closeReasons.restart);
      await b.leave();
      a.connection.ping((isAlive) => answers.push(`a ${isAlive}`));
      b.connection.ping((isAlive) => answers.push(`b ${isAlive}`));
      expect(answers).toEqual(["a false", "b false"]);
    });

    describe("a channel", () => {
      test("delivers to all joined connections except the excluded one, in order with frames that are sent directly", async () => {
        const [a, b, c] = await connectAll(3);
        const channel = wire.openChannel();
        channel.join(a.connection);
        channel.publish("for a");
        channel.join(b.connection);
        channel.publish("for a and b");
        b.connection.send("direct");
        channel.publish("for b", a.connection);
        channel.publish(new Uint8Array(7), c.connection);
        expect(await receivedBy(a, b, c)).toEqual([
          ["for a", "for a and b", 7],
          ["for a and b", "direct", "for b", 7],
          [],
        ]);
      });

      test("delivers once to a connection that joined twice, and nothing to one that left, once or twice", async () => {
        const [a, b] = await connectAll(2);
        const channel = wire.openChannel();
        for (const { connection } of [a, a, b]) channel.join(connection);
        channel.publish("1");
        channel.leave(a.connection);
        channel.leave(a.connection);
        channel.publish("2");
        channel.join(a.connection);
        channel.publish("3");
        expect(await receivedBy(a, b)).toEqual([
          ["1", "3"],
          ["1", "2", "3"],
        ]);
      });

      test("is independent of every other channel", async () => {
        const [a] = await connectAll(1);
        const [one, other] = [wire.openChannel(), wire.openChannel()];
        one.join(a.connection);
        other.publish("not for a");
        one.publish("for a");
        expect(await receivedBy(a)).toEqual([["for a"]]);
      });

      test("a closed sender can be excluded like any other, and a closed connection cannot join", async () => {
        const [a, b] = await connectAll(2);
        const channel = wire.openChannel();
        for (const { connection } of [a, b]) channel.join(connection);
        await b.leave();
        channel.publish("1", b.connection);
        channel.leave(b.connection);
        channel.join(b.connection);
        channel.publish("2", b.connection);
        expect(await receivedBy(a)).toEqual([["1", "2"]]);
        expect(b.received).toEqual([]);
      });
    });
  });
}
