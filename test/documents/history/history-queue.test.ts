import { expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { HistoryQueue } from "../../../src/documents/history/history-queue.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

test("one caller leaves requests for the history to the others, and all of them are bounded", async () => {
  const limits = { ...defaultLimits, contentRequests: 3, contentRequestsPerCaller: 2 };
  const startWorker = () => {
    throw new Error("no worker is started");
  };
  const queue = new HistoryQueue({ startWorker, clock: new FakeClock(), limits });
  const held = Promise.withResolvers<never>();
  const leaving = new AbortController();
  const run = (counted: string | undefined) =>
    queue
      .run({ counted, source: counted ?? "", signal: leaving.signal, take: () => held.promise })
      .catch((error: unknown) => Object(error).code ?? "ended");
  const first = [run("greedy"), run("greedy")];
  await settled();
  expect(await run("greedy")).toBe("rate-limited");
  first.push(run("other"));
  await settled();
  expect(await run("third")).toBe("overloaded");
  leaving.abort(new Error("given up"));
  held.reject(new Error("given up"));
  expect(await Promise.all(first)).toEqual(["ended", "ended", "ended"]);
  await settled();
  expect(await run("third")).toBe("ended");
  queue.close();
});
