import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { MailBudget } from "../../src/signaling/mail-budget.ts";
import { Mailbox, type MailboxLimits, overheadBytes, type QueuedMessage } from "../../src/signaling/mailbox.ts";
import { withSeeds } from "../support/bytes/random.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const keepMs = 5_000;
/** The address of all senders, which has no share. */
const address = "127.0.0.1";

function setUp(
  limits: Partial<MailboxLimits> = {},
  budget = new MailBudget({ limitBytes: defaultLimits.mailboxesBytes, addresses: new CountedAddresses() }),
) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const expired: string[] = [];
  const mailbox = new Mailbox({
    keepMs,
    expired: ({ sender, receiver, frame }) => expired.push(`${sender} to ${receiver}: ${frame}`),
    budget,
    clock,
    limits: { ...defaultLimits, ...limits },
    metrics,
  });
  const put = (sender: string, receiver: string, frame: string) => mailbox.put({ sender, receiver, frame, address });
  const take = (receiver: string) => mailbox.take(receiver).map(({ sender, frame }) => `${sender}: ${frame}`);
  const counted = async () => {
    const { values } = await metrics.mailboxMessages.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
  };
  return { mailbox, clock, budget, expired, put, take, counted };
}

/** Puts messages until the mailbox refuses one; returns how many it took. */
function fill(put: (index: number) => boolean): number {
  let count = 0;
  while (count < 100_000 && put(count)) count += 1;
  return count;
}

test("messages of all senders wait for their receiver, in order, and are taken once", async () => {
  const { put, take, counted } = setUp();
  put("alice", "carol", "1");
  put("bob", "carol", "2");
  put("alice", "dave", "other");
  put("alice", "carol", "3");
  expect(take("carol")).toEqual(["alice: 1", "bob: 2", "alice: 3"]);
  expect(take("carol")).toEqual([]);
  expect(take("nobody")).toEqual([]);
  expect(take("dave")).toEqual(["alice: other"]);
  expect(await counted()).toEqual({ kept: 4, delivered: 4 });
});

test("a mailbox knows the pairs for which it holds messages", () => {
  const { mailbox, put, take } = setUp();
  put("alice", "carol", "1");
  expect(mailbox.holds({ sender: "alice", receiver: "carol" })).toBe(true);
  expect(mailbox.holds({ sender: "carol", receiver: "alice" })).toBe(false);
  expect(mailbox.holds({ sender: "bob", receiver: "carol" })).toBe(false);
  take("carol");
  expect(mailbox.holds({ sender: "alice", receiver: "carol" })).toBe(false);
});

test("the budget counts two bytes for each character of a text that is not ASCII, as the memory has it", () => {
  const { budget, put } = setUp();
  put("alice", "carol", "x".repeat(1_000));
  expect(budget.usedBytes).toBe(1_000 + overheadBytes);
  put("alice", "dave", `${"x".repeat(999)}é`);
  expect(budget.usedBytes).toBe(3_000 + 2 * overheadBytes);
});

test("names of object members are names like others", () => {
  const { put, take } = setUp();
  put("constructor", "__proto__", "1");
  expect(take("toString")).toEqual([]);
  expect(take("__proto__")).toEqual(["constructor: 1"]);
});

describe("time", () => {
  test("a message expires when it has waited its time, not a millisecond earlier, and is reported once", async () => {
    const { mailbox, clock, expired, put, take, counted } = setUp();
    put("alice", "carol", "1");
    clock.advance(keepMs - 1);
    put("alice", "carol", "2");
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["alice to carol: 1"]);
    expect(take("carol")).toEqual(["alice: 2"]);
    clock.advance(10 * keepMs);
    expect(expired).toHaveLength(1);
    expect(mailbox.size).toBe(0);
    expect(await counted()).toEqual({ kept: 2, expired: 1, delivered: 1 });
  });

  test("ten thousand messages need one timer, and an empty mailbox needs none", () => {
    const { clock, expired, put } = setUp();
    for (let index = 0; index < 10_000; index += 1) {
      put(`sender ${index % 100}`, `receiver ${index}`, "x");
      if (index % 1_000 === 0) clock.advance(1);
      expect(clock.pendingTimers).toBe(1);
    }
    clock.advance(2 * keepMs);
    expect(expired).toHaveLength(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("the rest of a pair can be discarded when its first message expires", () => {
    const clock = new FakeClock();
    const reported: QueuedMessage[] = [];
    const mailbox: Mailbox = new Mailbox({
      keepMs,
      expired: (message) => {
        reported.push(message);
        mailbox.discard(message);
      },
      budget: new MailBudget({ limitBytes: 1e6, addresses: new CountedAddresses() }),
      clock,
      limits: defaultLimits,
      metrics: createMetrics(),
    });
    for (const frame of ["1", "2", "3"]) mailbox.put({ sender: "alice", receiver: "carol", frame, address });
    mailbox.put({ sender: "bob", receiver: "carol", frame: "4", address });
    clock.advance(keepMs);
    expect(reported.map(({ sender, frame }) => `${sender}: ${frame}`)).toEqual(["alice: 1", "bob: 4"]);
    expect(mailbox.size).toBe(0);
  });

  test("a closed mailbox keeps nothing", () => {
    const { mailbox, clock, budget, expired, put } = setUp();
    put("alice", "carol", "1");
    mailbox.close();
    expect([mailbox.size, clock.pendingTimers, budget.usedBytes]).toEqual([0, 0, 0]);
    clock.advance(keepMs);
    expect(expired).toEqual([]);
  });
});

describe("bounds", () => {
  test("64 messages for one receiver, 48 of them from one sender", async () => {
    const { put, take, counted } = setUp();
    expect(fill(() => put("alice", "carol", "x"))).toBe(48);
    expect(fill(() => put("bob", "carol", "x"))).toBe(16);
    expect(put("dave", "carol", "x")).toBe(false);
    expect(put("dave", "erin", "x")).toBe(true);
    expect(take("carol")).toHaveLength(64);
    expect(put("alice", "carol", "x")).toBe(true);
    expect(await counted()).toEqual({ kept: 66, refused: 3, delivered: 64 });
  });

  test("64 KiB of UTF-8 for one receiver, 48 KiB of it from one sender", () => {
    const { put } = setUp();
    expect(put("alice", "carol", "é".repeat(24 * 1024 + 1))).toBe(false);
    expect(put("alice", "carol", "é".repeat(24 * 1024))).toBe(true);
    expect(put("alice", "carol", "x")).toBe(false);
    expect(put("bob", "carol", "x".repeat(16 * 1024 + 1))).toBe(false);
    expect(put("bob", "carol", "x".repeat(16 * 1024))).toBe(true);
    expect(put("bob", "carol", "")).toBe(true);
    expect(put("bob", "carol", "x")).toBe(false);
  });

  test("1 MiB from one sender for all receivers, overhead included, until some of it is taken", () => {
    const { put, take } = setUp();
    const frame = "x".repeat(32 * 1024 - overheadBytes);
    expect(fill((index) => put("alice", `receiver ${index}`, frame))).toBe(32);
    expect(put("alice", "receiver 99", "")).toBe(false);
    expect(put("bob", "receiver 99", "")).toBe(true);
    take("receiver 7");
    expect(put("alice", "receiver 99", "")).toBe(true);
  });

  test("64 MiB for all mailboxes together, until some of it expires", () => {
    const budget = new MailBudget({ limitBytes: defaultLimits.mailboxesBytes, addresses: new CountedAddresses() });
    const [first, second] = [setUp({}, budget), setUp({}, budget)];
    const frame = "x".repeat(32 * 1024 - overheadBytes);
    for (let index = 0; index < 1_024; index += 1) {
      expect(first.put(`sender ${index}`, `receiver ${index}`, frame)).toBe(true);
      expect(second.put(`sender ${index}`, `receiver ${index}`, frame)).toBe(true);
    }
    expect(budget.usedBytes).toBe(64 * 2 ** 20);
    expect(first.put("alice", "carol", "")).toBe(false);
    expect(second.put("alice", "carol", "")).toBe(false);
    second.clock.advance(keepMs);
    expect(budget.usedBytes).toBe(32 * 2 ** 20);
    expect(first.put("alice", "carol", "")).toBe(true);
  });

  test("no sequence of put, take, discard and expiry exceeds a limit, and all bytes are given back", () => {
    withSeeds(50, (random) => {
      const budget = new MailBudget({ limitBytes: 8_000, addresses: new CountedAddresses() });
      const limits = { mailboxMessages: 4, mailboxBytes: 200, mailboxSenderMessages: 3, mailboxSenderBytes: 150 };
      const { mailbox, clock, put, take } = setUp({ ...limits, mailboxesSenderBytes: 3_000 }, budget);
      const names = ["a", "b", "c", "d", "e"];
      for (let step = 0; step < 500; step += 1) {
        const [sender, receiver] = [random.pick(names), random.pick(names)];
        random.pick([
          () => put(sender, receiver, "x".repeat(random.integer(120))),
          () => put(sender, receiver, "x".repeat(random.integer(120))),
          () => expect(take(receiver).length).toBeLessThanOrEqual(limits.mailboxMessages),
          () => mailbox.discard({ sender, receiver }),
          () => clock.advance(random.integer(keepMs)),
        ])();
        expect(budget.usedBytes).toBeLessThanOrEqual(8_000);
        expect(budget.usedBytes).toBeGreaterThanOrEqual(mailbox.size * overheadBytes);
        expect(clock.pendingTimers).toBeLessThanOrEqual(1);
      }
      clock.advance(2 * keepMs);
      expect([mailbox.size, budget.usedBytes, clock.pendingTimers]).toEqual([0, 0, 0]);
    });
  });
});
