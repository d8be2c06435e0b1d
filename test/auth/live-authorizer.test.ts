import { expect, test } from "bun:test";
import { pino } from "pino";
import type { AccessPolicy, Permission } from "../../src/auth/access-policy.ts";
import type { AccessRequest, Denial, Grant } from "../../src/auth/authorizer.ts";
import { LiveAuthorizer } from "../../src/auth/live-authorizer.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { describeAuthorizer } from "../contract/authorizer.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const denied: Denial = { granted: false, kind: "forbidden", code: "wrong-room", reason: "not here" };
const unavailable: Denial = { granted: false, kind: "unavailable", code: "unavailable", reason: "nobody answers" };
const permission: Permission = { granted: true, access: "write", user: "ann" };

interface Options {
  readonly isRenewable?: boolean;
}

function setUp({ isRenewable = false }: Options = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) });
  const answers: (Permission | Denial | Promise<Permission | Denial>)[] = [];
  const revokedUsers = new Set<string | undefined>();
  const asked: AccessRequest[] = [];
  const policy: AccessPolicy = {
    authenticate: async (token) =>
      token === "bad" ? { ...denied, kind: "unauthorized", code: "malformed-token" } : undefined,
    decide: async (request) => {
      asked.push(request);
      return (await answers.shift()) ?? permission;
    },
    isRenewable,
  };
  const isRevoked = ({ user }: Permission) => revokedUsers.has(user);
  const authorizer = new LiveAuthorizer({ policy, isRevoked, clock, log, metrics });
  const aborter = new AbortController();
  const request: AccessRequest = { kind: "sync", room: "secret", remoteAddress: "192.0.2.1", signal: aborter.signal };
  const events: string[] = [];
  const enter = async (answer: Permission): Promise<Grant> => {
    answers.push(answer);
    const grant = await authorizer.authorize(request);
    if (!grant.granted) throw new Error(grant.reason);
    grant.watch({
      expiring: () => events.push("expiring"),
      changed: () => events.push(`may ${grant.access}`),
      ended: ({ kind, code }) => events.push(`ended ${kind} ${code}`),
    });
    return grant;
  };
  const live = async () => (await metrics.registry.getSingleMetric("yurt_live_grants")?.get())?.values[0]?.value;
  const until = (ms: number): Permission => ({ ...permission, expiresAt: clock.now() + ms });
  return {
    clock,
    metrics,
    lines,
    answers,
    asked,
    authorizer,
    request,
    aborter,
    events,
    enter,
    live,
    until,
    revokedUsers,
  };
}

const { authorizer, request: asks } = setUp();
const refusing = setUp();
refusing.answers.push(denied);
describeAuthorizer("a live authorizer", { authorizer, granted: [asks], denied: [] });
describeAuthorizer("a live authorizer whose policy says no", {
  authorizer: refusing.authorizer,
  granted: [],
  denied: [refusing.request],
});

test("a grant has the access, user and expiry of the policy's decision", async () => {
  const { enter, until, live } = setUp();
  const grant = await enter({ ...until(1_000), access: "read" });
  expect([grant.access, grant.user, grant.expiresAt]).toEqual(["read", "ann", 1_700_000_001_000]);
  expect(await live()).toBe(1);
  grant.release();
  grant.release();
  expect(await live()).toBe(0);
});

test("a grant ends at its expiry, after a notice", async () => {
  const { clock, enter, events, live, until } = setUp();
  await enter(until(3_600_000));
  clock.advance(3_539_999);
  expect(events).toEqual([]);
  clock.advance(1);
  expect(events).toEqual(["expiring"]);
  clock.advance(59_999);
  expect(events).toEqual(["expiring"]);
  clock.advance(1);
  expect(events).toEqual(["expiring", "ended expired expired"]);
  expect([await live(), clock.pendingTimers]).toEqual([0, 0]);
});

test("a short-lived grant gets its notice at the last quarter", async () => {
  const { clock, enter, events, until } = setUp();
  await enter(until(4_000));
  clock.advance(2_999);
  expect(events).toEqual([]);
  clock.advance(1);
  expect(events).toEqual(["expiring"]);
});

test("a grant without an expiry does not end, and a released grant reports no events", async () => {
  const { clock, enter, events, until } = setUp();
  await enter(permission);
  expect(clock.pendingTimers).toBe(0);
  (await enter(until(1_000))).release();
  clock.advance(10_000_000);
  expect(events).toEqual([]);
});

test("a client that disconnects releases all its grants", async () => {
  const { aborter, clock, enter, live, until } = setUp();
  await enter(until(1_000));
  await enter(permission);
  aborter.abort();
  expect([await live(), clock.pendingTimers]).toEqual([0, 0]);
});

test("a decision after the client has disconnected creates no grant", async () => {
  const { aborter, answers, authorizer, live, request } = setUp();
  const { promise, resolve } = Promise.withResolvers<Permission>();
  answers.push(promise);
  const decided = authorizer.authorize(request);
  aborter.abort();
  resolve(permission);
  await expect(decided).rejects.toThrow();
  expect(await live()).toBe(0);
});

test("a revocation ends the grants that it matches and no others, even before they are watched", async () => {
  const { answers, authorizer, enter, events, request, revokedUsers } = setUp();
  await enter(permission);
  await enter({ ...permission, user: "bob" });
  answers.push(permission);
  const unwatched = await authorizer.authorize(request);
  revokedUsers.add("ann");
  expect([authorizer.endRevoked(), authorizer.endRevoked()]).toEqual([2, 0]);
  expect(events).toEqual(["ended unauthorized revoked"]);
  if (!unwatched.granted) throw new Error("denied");
  unwatched.watch({ ended: ({ code }) => events.push(`late ${code}`) });
  expect(events).toEqual(["ended unauthorized revoked", "late revoked"]);
});

test("a revoked permission is not granted again", async () => {
  const { authorizer, request, revokedUsers } = setUp();
  revokedUsers.add("ann");
  expect(await authorizer.authorize(request)).toMatchObject({ granted: false, code: "revoked" });
});

/** Runs a task after this many turns of the microtask queue. */
async function inTurns(turns: number, task: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  task();
}

test("a permission that is revoked while a decision is pending is not granted, at whatever turn", async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const { answers, authorizer, live, request, revokedUsers } = setUp();
    const { promise, resolve } = Promise.withResolvers<Permission>();
    answers.push(promise);
    const authorizing = authorizer.authorize(request);
    await settled();
    resolve(permission);
    await inTurns(turns, () => {
      revokedUsers.add("ann");
      authorizer.endRevoked();
    });
    await authorizing;
    expect([turns, await live()]).toEqual([turns, 0]);
  }
});

test("a grant that is revoked while a renewal is pending ends, at whatever turn", async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const { answers, authorizer, clock, enter, events, revokedUsers, until } = setUp({ isRenewable: true });
    const { promise, resolve } = Promise.withResolvers<Permission>();
    await enter(until(80_000));
    answers.push(promise);
    clock.advance(70_000);
    await settled();
    resolve({ ...permission, user: "bob" });
    await inTurns(turns, () => {
      revokedUsers.add("bob");
      authorizer.endRevoked();
    });
    await settled();
    expect([turns, ...events]).toEqual([turns, "expiring", "ended unauthorized revoked"]);
  }
});

test("a renewable grant is renewed before its expiry, with the access granted then", async () => {
  const { answers, asked, clock, enter, events, until } = setUp({ isRenewable: true });
  const grant = await enter(until(80_000));
  answers.push({ ...permission, access: "read", expiresAt: clock.now() + 200_000 });
  clock.advance(70_000);
  await settled();
  expect(events).toEqual(["expiring", "may read"]);
  expect([asked.length, grant.access, grant.expiresAt]).toEqual([2, "read", 1_700_000_200_000]);
  clock.advance(100_000);
  expect(events).toEqual(["expiring", "may read", "expiring"]);
});

test("a renewal that changes nothing is not reported", async () => {
  const { answers, clock, enter, events, until } = setUp({ isRenewable: true });
  await enter(until(80_000));
  answers.push(permission);
  clock.advance(70_000);
  await settled();
  clock.advance(1_000_000);
  expect(events).toEqual(["expiring"]);
});

test("a renewal that is denied ends the grant at once", async () => {
  const { answers, clock, enter, events, until } = setUp({ isRenewable: true });
  await enter(until(80_000));
  answers.push(denied);
  clock.advance(70_000);
  await settled();
  expect(events).toEqual(["expiring", "ended forbidden wrong-room"]);
});

test("a renewal whose token is refused ends the grant as run out, since the client may have a newer token", async () => {
  const { answers, clock, enter, events, until } = setUp({ isRenewable: true });
  await enter(until(80_000));
  answers.push({ granted: false, kind: "unauthorized", code: "refused", reason: "log in again" });
  clock.advance(70_000);
  await settled();
  expect(events).toEqual(["expiring", "ended expired expired"]);
});

test("while the policy is unavailable, a grant lasts until its expiry and then ends as unavailable", async () => {
  const { answers, asked, clock, enter, events, until } = setUp({ isRenewable: true });
  await enter(until(80_000));
  for (let asks = 0; asks < 20; asks += 1) answers.push(unavailable);
  for (let ms = 0; ms < 79_999; ms += 1) {
    clock.advance(1);
    await Promise.resolve().then(() => {});
    if (asked.length > 1 && ms % 1_000 === 0) await settled();
  }
  expect(events).toEqual(["expiring"]);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.length).toBeLessThan(12);
  clock.advance(1);
  expect(events).toEqual(["expiring", "ended unavailable unavailable"]);
});

test("a renewal that answers after the client has disconnected has no effect", async () => {
  const { aborter, answers, clock, enter, events, live, until } = setUp({ isRenewable: true });
  const { promise, resolve } = Promise.withResolvers<Permission>();
  await enter(until(80_000));
  answers.push(promise);
  clock.advance(70_000);
  aborter.abort();
  resolve({ ...permission, access: "read" });
  await settled();
  expect([events, await live()]).toEqual([["expiring"], 0]);
});

test("a revoked permission is not renewed", async () => {
  const { clock, enter, events, revokedUsers, until } = setUp({ isRenewable: true });
  await enter(until(80_000));
  revokedUsers.add("ann");
  clock.advance(70_000);
  await settled();
  expect(events).toEqual(["expiring", "ended unauthorized revoked"]);
});

test("denials are counted by kind and code, and logged without the room, up to a rate", async () => {
  const { answers, authorizer, clock, enter, lines, metrics, request, until } = setUp();
  await authorizer.authenticate("good", "192.0.2.1");
  await authorizer.authenticate("bad", "192.0.2.1");
  for (let refusals = 0; refusals < 100; refusals += 1) {
    answers.push(denied);
    await authorizer.authorize(request);
  }
  await enter(until(100));
  clock.advance(100);
  const { values } = await metrics.accessDenials.get();
  expect(values.map(({ labels, value }) => [labels.kind, labels.code, value])).toEqual([
    ["sync", "expired", 1],
    ["sync", "wrong-room", 100],
    ["upgrade", "malformed-token", 1],
  ]);
  expect(lines).toHaveLength(1 + 20 + 1);
  expect(JSON.parse(lines[1] ?? "")).toEqual({
    level: 30,
    event: "access-denied",
    kind: "sync",
    code: "wrong-room",
    reason: "not here",
    address: request.remoteAddress,
  });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ kind: "upgrade", address: "192.0.2.1" });
});
