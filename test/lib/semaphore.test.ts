import { expect, test } from "bun:test";
import { Semaphore } from "../../src/lib/semaphore.ts";

const { signal } = new AbortController();

/** Whether the promise is resolved by now. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  const pending = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([promise.then(() => true), pending]);
}

test("a semaphore grants its permits, and the waiting calls get theirs in order", async () => {
  const semaphore = new Semaphore(2);
  await Promise.all([semaphore.acquire(signal), semaphore.acquire(signal)]);
  const third = semaphore.acquire(signal);
  const fourth = semaphore.acquire(signal);
  expect(await isResolved(third)).toBe(false);
  semaphore.release();
  expect([await isResolved(third), await isResolved(fourth)]).toEqual([true, false]);
  semaphore.release();
  expect(await isResolved(fourth)).toBe(true);
});

test("released permits can be acquired again, and no more than those", async () => {
  const semaphore = new Semaphore(1);
  await semaphore.acquire(signal);
  semaphore.release();
  await semaphore.acquire(signal);
  expect(await isResolved(semaphore.acquire(signal))).toBe(false);
});

test("a call that stops waiting does not take a permit", async () => {
  const semaphore = new Semaphore(1);
  const controller = new AbortController();
  const reason = new Error("gone");
  await semaphore.acquire(signal);
  const impatient = semaphore.acquire(controller.signal);
  const patient = semaphore.acquire(signal);
  controller.abort(reason);
  expect(await impatient.catch((error) => error)).toBe(reason);
  semaphore.release();
  expect(await isResolved(patient)).toBe(true);
  expect(await semaphore.acquire(controller.signal).catch((error) => error)).toBe(reason);
});

test("a call that is aborted after it got its permit keeps it and releases it", async () => {
  const semaphore = new Semaphore(1);
  const controller = new AbortController();
  await semaphore.acquire(signal);
  const turn = semaphore.acquire(controller.signal);
  semaphore.release();
  controller.abort();
  expect(await isResolved(turn)).toBe(true);
  semaphore.release();
  expect(await isResolved(semaphore.acquire(signal))).toBe(true);
});

test("several sources take turns, even as their calls come and go", async () => {
  const semaphore = new Semaphore(1);
  const controller = new AbortController();
  const entered: string[] = [];
  const enter = async (name: string, turnSignal = signal) => {
    await semaphore.acquire(turnSignal, name[0]);
    entered.push(name);
    semaphore.release();
  };
  await semaphore.acquire(signal, "a");
  const gone = enter("c1", controller.signal).catch(() => {});
  const entering = ["a1", "a2", "a3", "b1", "d1", "b2"].map((name) => enter(name));
  controller.abort();
  semaphore.release();
  await Promise.all([gone, ...entering]);
  expect(entered).toEqual(["a1", "b1", "d1", "a2", "b2", "a3"]);
  await semaphore.acquire(signal);
});
