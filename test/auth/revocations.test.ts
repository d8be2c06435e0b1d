import { describe, expect, test } from "bun:test";
import type { Revocation, RevocationLog } from "../../src/auth/revocation.ts";
import { Revocations } from "../../src/auth/revocations.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

/** A revocation log whose appends complete when the test lets them. */
class FakeRevocationLog implements RevocationLog {
  readonly kept: Revocation[];
  failure: Error | undefined;
  #held: Promise<void> | undefined;
  learned: (revocations: readonly Revocation[]) => void = () => {};

  constructor(kept: readonly Revocation[] = []) {
    this.kept = [...kept];
  }

  load(): readonly Revocation[] {
    return [...this.kept];
  }

  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  follow(learned: (revocations: readonly Revocation[]) => void): void {
    this.learned = learned;
  }

  async append(revocation: Revocation): Promise<void> {
    await this.#held;
    if (this.failure !== undefined) throw this.failure;
    this.kept.push(revocation);
  }
}

const day = 86_400_000;

function open(kept: readonly Revocation[] = [], limit = 10) {
  const clock = new FakeClock();
  const log = new FakeRevocationLog(kept);
  const revocations = new Revocations({ log, limits: { revocations: limit }, clock });
  const now = clock.now();
  const revoke = (what: Partial<Revocation>) => revocations.add({ revokedAt: now, until: now + day, ...what });
  return { clock, log, revocations, revoke, now };
}

describe("a permission is revoked", () => {
  const permission = { user: "ann", tokenId: "t1", issuedAt: 1 };

  test.each([
    [{ user: "ann" }],
    [{ tokenId: "t1" }],
    [{ room: "notes/a" }],
    [{ room: "notes/*" }],
    [{ room: "**" }],
    [{ user: "ann", room: "notes/*" }],
    [{ tokenId: "t1", user: "ann", room: "notes/a" }],
  ])("by %j, when all of it fits", async (what) => {
    const { revocations, revoke } = open();
    expect(revocations.isRevoked(permission, "notes/a")).toBe(false);
    await revoke(what);
    expect(revocations.isRevoked(permission, "notes/a")).toBe(true);
  });

  test.each([
    [{ user: "bob" }],
    [{ tokenId: "t2" }],
    [{ room: "notes" }],
    [{ room: "other/*" }],
    [{ user: "ann", room: "other/*" }],
    [{ user: "bob", room: "notes/*" }],
    [{ tokenId: "t1", user: "bob" }],
    [{ tokenId: "t2", user: "ann" }],
    [{ tokenId: "t1", room: "other" }],
    [{ user: "__proto__" }],
  ])("not by %j", async (what) => {
    const { revocations, revoke } = open();
    await revoke(what);
    expect(revocations.isRevoked(permission, "notes/a")).toBe(false);
  });

  test("without a user or a token id by its room only", async () => {
    const { revocations, revoke } = open();
    await revoke({ user: "ann" });
    await revoke({ tokenId: "t1" });
    expect(revocations.isRevoked({}, "notes")).toBe(false);
    await revoke({ room: "notes" });
    expect(revocations.isRevoked({}, "notes")).toBe(true);
  });

  test("if it was issued at or before the revocation, or at an unknown time", async () => {
    const { revocations, revoke, now } = open();
    await revoke({ user: "ann" });
    const isRevoked = (issuedAt?: number) => revocations.isRevoked({ user: "ann", issuedAt }, "notes");
    expect([isRevoked(now - 1), isRevoked(now), isRevoked()]).toEqual([true, true, true]);
    expect(isRevoked(now + 1)).toBe(false);
  });

  test("by its room, however its letters are encoded", async () => {
    const { revocations, revoke } = open();
    await revoke({ room: "caf\u00e9" });
    await revoke({ room: "na\u00efve/*" });
    for (const room of ["cafe\u0301", "caf\u00e9", "nai\u0308ve/a"])
      expect([room, revocations.isRevoked({ user: "ann" }, room)]).toEqual([room, true]);
  });

  test("by its token id, whatever its issue time", async () => {
    const { revocations, revoke, now } = open();
    await revoke({ tokenId: "t1" });
    expect(revocations.isRevoked({ tokenId: "t1", issuedAt: now + 1 }, "notes")).toBe(true);
  });

  test("until the revocation expires", async () => {
    const { revocations, revoke, clock } = open();
    await revoke({ user: "ann" });
    clock.advance(day - 1);
    expect(revocations.isRevoked(permission, "notes")).toBe(true);
    clock.advance(1);
    expect(revocations.isRevoked(permission, "notes")).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  test("by any of several revocations", async () => {
    const { revocations, revoke } = open();
    await revoke({ user: "ann", room: "other" });
    await revoke({ user: "ann", room: "notes/*" });
    await revoke({ user: "ann", room: "more" });
    expect(revocations.isRevoked(permission, "notes/a")).toBe(true);
  });
});

describe("revocations", () => {
  test("are appended to the log, and loaded from it", async () => {
    const { log, revoke, now } = open();
    expect(await revoke({ user: "ann" })).toBe("added");
    expect(log.kept).toEqual([{ user: "ann", revokedAt: now, until: now + day }]);
    const { revocations } = open(log.kept);
    expect(revocations.isRevoked({ user: "ann", issuedAt: now }, "notes")).toBe(true);
  });

  test("are in force at once, even if the log fails", async () => {
    const { log, revocations, revoke } = open();
    const release = log.hold();
    const added = revoke({ user: "ann" });
    expect(revocations.isRevoked({ user: "ann" }, "notes")).toBe(true);
    log.failure = new Error("disk full");
    release();
    await expect(added).rejects.toThrow("disk full");
    expect(revocations.isRevoked({ user: "ann" }, "notes")).toBe(true);
  });

  test("of other nodes are in force before they are reported, even beyond the limit", async () => {
    const { log, revocations, now } = open([], 1);
    const reports: unknown[] = [];
    revocations.whenLearned((learned) => {
      for (const { user } of learned) reports.push([user, revocations.isRevoked({ user }, "notes")]);
    });
    const of = (user: string) => ({ user, revokedAt: now, until: now + day });
    log.learned([of("ann"), of("ben")]);
    expect(reports).toEqual([
      ["ann", true],
      ["ben", true],
    ]);
    expect(log.kept).toEqual([]);
    expect(await revocations.add(of("cleo"))).toBe("full");
  });

  test("need a user, a room or a token id", async () => {
    const { log, revoke } = open();
    await expect(revoke({})).rejects.toThrow("A revocation needs a user, a room or a token id.");
    expect(log.kept).toEqual([]);
  });

  test("beyond the limit are rejected, even while others are being appended, and none is removed for them", async () => {
    const { log, revocations, revoke } = open([], 2);
    const release = log.hold();
    const answers = [revoke({ user: "a" }), revoke({ user: "b" }), revoke({ user: "c" })];
    release();
    expect(await Promise.all(answers)).toEqual(["added", "added", "full"]);
    const isRevoked = (user: string) => revocations.isRevoked({ user }, "notes");
    expect([isRevoked("a"), isRevoked("b"), isRevoked("c")]).toEqual([true, true, false]);
    expect(log.kept).toHaveLength(2);
  });

  test("that have expired make room for others, whatever their index", async () => {
    const { revocations, revoke, clock, now } = open([], 4);
    const soon = { until: now + 1_000 };
    for (const what of [{ user: "a" }, { tokenId: "t" }, { room: "r" }, { room: "p/*" }])
      await revoke({ ...what, ...soon });
    expect(await revoke({ user: "b" })).toBe("full");
    clock.advance(1_000);
    for (const user of ["b", "c", "d", "e"]) expect(await revoke({ user })).toBe("added");
    expect(await revoke({ user: "f" })).toBe("full");
    expect(revocations.isRevoked({ user: "e" }, "notes")).toBe(true);
  });

  test("from a log with more than the limit are all in force", async () => {
    const { now } = open();
    const kept = ["a", "b", "c"].map((user) => ({ user, revokedAt: now, until: now + day }));
    const { revocations, revoke } = open(kept, 2);
    expect(kept.every(({ user }) => revocations.isRevoked({ user }, "notes"))).toBe(true);
    expect(await revoke({ user: "d" })).toBe("full");
  });
});
