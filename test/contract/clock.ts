import { describe, expect, test } from "bun:test";
import type { Clock } from "../../src/lib/time/clock.ts";

/** A clock, and a function that lets this much of its time pass, turns included. */
export interface TimeMachine {
  readonly clock: Clock;
  pass(durationMs: number): Promise<void>;
}

/** The contract of every clock. */
export function describeClock(name: string, start: () => TimeMachine): void {
  describe(name, () => {
    test("goes forward, in milliseconds, and counts the same time", async () => {
      const { clock, pass } = start();
      const before = [clock.now(), clock.elapsedMs()] as const;
      await pass(20);
      expect(clock.now() - before[0]).toBeWithin(19, 1_000);
      expect(clock.elapsedMs() - before[1]).toBeWithin(19, 1_000);
    });

    test("runs a task once, not before its delay, and never within the call that plans it", async () => {
      const { clock, pass } = start();
      const ran: string[] = [];
      clock.after(0, () => ran.push("soon"));
      clock.after(40, () => ran.push("later"));
      expect(ran).toEqual([]);
      await pass(10);
      expect(ran).toEqual(["soon"]);
      await pass(60);
      await pass(60);
      expect(ran).toEqual(["soon", "later"]);
    });

    test("does not run a cancelled task, and cancels no other task", async () => {
      const { clock, pass } = start();
      const ran: string[] = [];
      const cancel = clock.after(5, () => ran.push("cancelled"));
      clock.after(5, () => ran.push("kept"));
      cancel();
      cancel();
      await pass(30);
      expect(ran).toEqual(["kept"]);
    });

    test("runs the tasks of a turn after its end, in order", async () => {
      const { clock, pass } = start();
      const ran: string[] = [];
      clock.afterTurn(() => ran.push("first"));
      clock.afterTurn(() => ran.push("second"));
      queueMicrotask(() => ran.push("within the turn"));
      await pass(5);
      expect(ran).toEqual(["within the turn", "first", "second"]);
    });
  });
}
