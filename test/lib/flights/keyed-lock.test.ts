import { expect, test } from "bun:test";
import { KeyedLock } from "../../../src/lib/flights/keyed-lock.ts";
import { settled } from "../../support/eventually.ts";

test("runs tasks of a key one after the other, and those of others meanwhile", async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const gates = [0, 1].map(() => Promise.withResolvers<void>());
  const task = (name: string, gate?: Promise<void>) => async () => {
    log.push(`${name} starts`);
    await gate;
    log.push(`${name} ends`);
    return name;
  };
  const results = [
    lock.run("a", task("first", gates[0]?.promise)),
    lock.run("a", task("second", gates[1]?.promise)),
    lock.run("b", task("other")),
  ];
  await settled();
  expect(log).toEqual(["first starts", "other starts", "other ends"]);
  gates[0]?.resolve();
  await settled();
  expect(log.slice(3)).toEqual(["first ends", "second starts"]);
  gates[1]?.resolve();
  expect(await Promise.all(results)).toEqual(["first", "second", "other"]);
  expect(lock.size).toBe(0);
});

test("a task that fails rejects its call alone", async () => {
  const lock = new KeyedLock();
  const results = await Promise.allSettled([
    lock.run("a", () => Promise.reject(new Error("failed"))),
    lock.run("a", async () => "next"),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(lock.size).toBe(0);
});
