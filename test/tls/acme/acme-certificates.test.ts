import { expect, test } from "bun:test";
import { untilAborted } from "../../../src/lib/abortable-wait.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { Authority } from "../../../src/tls/acme/acme-authority.ts";
import { AcmeCertificates } from "../../../src/tls/acme/acme-certificates.ts";
import { AcmeProblem } from "../../../src/tls/acme/acme-problem.ts";
import type { AcmeStorage, StoredCertificate } from "../../../src/tls/acme/acme-storage.ts";
import { eventually, settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const life = 90 * day;
const authority = await TestAuthority.create();

interface Setup {
  readonly domains?: readonly string[];
  readonly stored?: StoredCertificate;
  readonly random?: number;
}

/** Certificates whose authority and storage are fakes; the authority issues at the time of the clock. */
function open({ domains = ["collab.test"], stored, random = 0.5 }: Setup = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const { log, events } = recordedLog();
  const metrics = createMetrics();
  const orders: { readonly domains: readonly string[]; readonly at: number }[] = [];
  const state: {
    failure?: Error;
    isFull?: true;
    isHeld?: true;
    /** The names in place of those that are ordered. */
    names?: readonly string[];
    /** The time by which the clock is ahead of the authority's. */
    aheadMs?: number;
    kept: StoredCertificate | undefined;
  } = { kept: stored };
  const issuing: Authority = {
    async order(names, signal) {
      orders.push({ domains: names, at: clock.now() });
      if (state.isHeld) await untilAborted(new Promise<never>(() => {}), signal);
      if (state.failure !== undefined) throw state.failure;
      const validFrom = clock.now() - (state.aheadMs ?? 0);
      return authority.issue(state.names ?? names, { validFrom, expiresAt: validFrom + life });
    },
  };
  const storage: AcmeStorage = {
    readAccount: () => undefined,
    writeAccount: () => {},
    readCertificate: () => state.kept,
    writeCertificate: (certificate) => {
      if (state.isFull) throw new Error("no space left");
      state.kept = certificate;
    },
  };
  const options = { domains, authority: issuing, storage, clock, log, metrics, random: () => random };
  const certificates = new AcmeCertificates(options);
  const used: number[] = [];
  /** Lets time pass in small steps, so that orders which become due meanwhile are settled. */
  const advance = async (durationMs: number, stepMs = hour) => {
    for (let passed = 0; passed < durationMs; passed += stepMs) {
      clock.advance(Math.min(stepMs, durationMs - passed));
      await settledOrder();
    }
  };
  const settledOrder = async () => {
    const isOver = () => {
      const last = events.findLast(({ event }) => String(event).startsWith("certificate-"));
      return last?.["event"] !== "certificate-ordered";
    };
    await settled();
    await eventually("the order is over", isOver);
  };
  const start = async () => {
    certificates.watch(({ expiresAt }) => void used.push(expiresAt));
    clock.advance(0);
    await settledOrder();
  };
  const delays = () => orders.slice(1).map(({ at }, index) => at - (orders[index]?.at ?? 0));
  return { certificates, clock, events, metrics, options, orders, state, used, advance, start, delays };
}

async function issued(names: readonly string[], agedMs: number): Promise<StoredCertificate> {
  const now = Date.UTC(2026, 0, 1);
  return authority.issue(names, { validFrom: now - agedMs, expiresAt: now - agedMs + life });
}

test("the first start orders one certificate for all domains", async () => {
  const { certificates, orders, start, state, used, metrics } = open({ domains: ["collab.test", "www.collab.test"] });
  expect(certificates.current).toBeUndefined();
  expect(await metrics.registry.metrics()).toContain('yurt_certificate_expiry_timestamp_seconds{source="acme"} 0');
  await start();
  expect(orders.map(({ domains }) => domains)).toEqual([["collab.test", "www.collab.test"]]);
  expect(certificates.current?.names).toEqual(["collab.test", "www.collab.test"]);
  expect(used).toEqual([certificates.current?.expiresAt ?? 0]);
  expect(state.kept?.chain).toBe(certificates.current?.chain ?? "");
  expect(await metrics.registry.metrics()).toContain('yurt_certificate_renewals_total{outcome="issued"} 1');
});

test("a stored certificate is used without an order, until two thirds of its life", async () => {
  const { certificates, orders, start, advance } = open({ stored: await issued(["collab.test"], 10 * day) });
  expect(certificates.current?.names).toEqual(["collab.test"]);
  await start();
  await advance(50 * day - minute, day);
  expect(orders).toHaveLength(0);
  await advance(2 * minute, minute);
  expect(orders).toHaveLength(1);
});

test.each([
  [0, 57],
  [1, 63],
])("renewals are spread around two thirds: with the random number %d after %d days", async (random, days) => {
  const { orders, start, advance } = open({ random, stored: await issued(["collab.test"], 0) });
  await start();
  await advance(days * day - hour, day);
  expect(orders).toHaveLength(0);
  await advance(2 * hour);
  expect(orders).toHaveLength(1);
});

test.each([
  ["that has expired is used", ["collab.test"], 91 * day, ["collab.test"]],
  ["that lacks a domain is used", ["collab.test"], 0, ["collab.test"]],
  ["for other domains only is not used", ["other.test"], 0, undefined],
])("a stored certificate %s, and another one is ordered at once", async (_, names, agedMs, inUse) => {
  const domains = ["collab.test", ...(agedMs === 0 ? ["new.test"] : [])];
  const { certificates, orders, start } = open({ domains, stored: await issued(names, agedMs) });
  expect(certificates.current?.names).toEqual(inUse as string[]);
  await start();
  expect(orders).toHaveLength(1);
  expect(certificates.current?.names).toEqual(domains);
});

test("a stored certificate that is damaged is reported and replaced", async () => {
  const { certificates, events, start } = open({ stored: { chain: "", privateKey: "" } });
  expect(events).toMatchObject([{ event: "stored-certificate-unusable" }]);
  await start();
  expect(certificates.current?.names).toEqual(["collab.test"]);
});

test("an order that fails is tried again with growing delays up to six hours, and says why and when", async () => {
  const { events, delays, start, state, advance, metrics } = open();
  state.failure = new AcmeProblem("dns", "no A record", "collab.test");
  await start();
  await advance(2 * day, minute);
  expect(delays().slice(0, 10)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 360, 360].map((count) => count * minute));
  expect(events.filter(({ event }) => event === "certificate-order-failed")[0]).toEqual({
    level: "error",
    event: "certificate-order-failed",
    problem: "collab.test: no A record",
    remedy: "Let the DNS records of the domain (A, AAAA) point to this machine.",
    retryInSeconds: 120,
  });
  expect(await metrics.registry.metrics()).toMatch(/yurt_certificate_renewals_total\{outcome="failed"\} 1[0-9]/);
});

test("retries are spread by a fifth", async () => {
  for (const [random, delayMs] of [
    [0, 1.6 * minute],
    [1, 2.4 * minute],
  ] as const) {
    const { delays, start, state, advance } = open({ random });
    state.failure = new Error("out of reach");
    await start();
    await advance(3 * minute, minute / 10);
    expect(delays()[0]).toBe(delayMs);
  }
});

test("the last good certificate stays in use while renewals fail, and delays begin anew after a success", async () => {
  const { certificates, delays, start, state, advance, used, events } = open({
    stored: await issued(["collab.test"], 61 * day),
  });
  const former = certificates.current;
  state.failure = new Error("out of reach");
  await start();
  await advance(5 * minute, minute);
  expect(certificates.current).toBe(former);
  expect(events.at(-1)).toMatchObject({ certificateExpiresAt: "2026-01-30T00:00:00.000Z" });
  delete state.failure;
  await advance(8 * minute, minute);
  expect(used).toEqual([certificates.current?.expiresAt ?? 0]);
  state.failure = new Error("out of reach");
  await advance(59 * day, day);
  await advance(2 * day, minute);
  expect(delays()[3]).toBe(2 * minute);
});

test("an administrator who asks is not kept waiting, and nothing is ordered before its time", async () => {
  const { certificates, orders, start, state } = open();
  state.failure = new Error("out of reach");
  await start();
  delete state.failure;
  await certificates.refresh();
  expect(certificates.current?.names).toEqual(["collab.test"]);
  await certificates.refresh();
  expect(orders).toHaveLength(2);
});

test("an order is made once, however often it is asked for", async () => {
  const { certificates, orders, clock } = open();
  certificates.watch(() => {});
  clock.advance(0);
  await Promise.all([certificates.refresh(), certificates.refresh()]);
  expect(orders).toHaveLength(1);
});

test("a certificate that cannot be stored is used all the same", async () => {
  const { certificates, events, start, state } = open();
  state.isFull = true;
  await start();
  expect(certificates.current?.names).toEqual(["collab.test"]);
  expect(events).toContainEqual(expect.objectContaining({ event: "certificate-not-stored" }));
});

test("a certificate that the server cannot use is tried again, and not ordered a second time", async () => {
  const { certificates, clock, events, orders, used, advance } = open({
    stored: await issued(["collab.test"], 61 * day),
  });
  const { current } = certificates;
  let failure: Error | undefined = new Error("port in use");
  certificates.watch(({ expiresAt }) => {
    if (failure !== undefined) throw failure;
    used.push(expiresAt);
  });
  clock.advance(0);
  await eventually("the failure is logged", () => events.at(-1)?.["event"] === "certificate-not-used");
  expect(events.at(-1)).toMatchObject({
    problem: "port in use",
    remedy: expect.stringContaining("Restart the server"),
  });
  expect(certificates.current).toBe(current);
  failure = undefined;
  await advance(3 * minute, minute);
  expect(orders).toHaveLength(1);
  expect(used).toEqual([certificates.current?.expiresAt ?? 0]);
  expect(certificates.current).not.toBe(current);
});

test("a clock that jumps ahead, or is set back, does not stop renewals", async () => {
  const { orders, start, state, clock, advance } = open({ stored: await issued(["collab.test"], 0) });
  await start();
  Object.assign(clock, { now: jumped(clock, 61 * day) });
  await advance(hour);
  expect(orders).toHaveLength(1);
  state.failure = new Error("out of reach");
  Object.assign(clock, { now: jumped(clock, 61 * day) });
  await advance(hour);
  expect(orders).toHaveLength(2);
  Object.assign(clock, { now: jumped(clock, -30 * day) });
  await advance(2 * minute, minute);
  expect(orders.length).toBeGreaterThanOrEqual(3);
});

test.each([
  ["while the clock is ahead", { aheadMs: 61 * day }, "Let the system set the clock"],
  ["that lacks a domain", { names: ["collab.test"] }, "does not name all domains"],
])("a new certificate %s is used, and not ordered again for six hours", async (_, answer, remedy) => {
  const { certificates, events, orders, start, state, advance, delays } = open({ domains: ["collab.test", "b.test"] });
  Object.assign(state, answer);
  await start();
  expect(certificates.current?.names).toContain("collab.test");
  expect(events.at(-1)).toMatchObject({
    event: "certificate-issued-unsuitable",
    remedy: expect.stringContaining(remedy),
  });
  await advance(13 * hour);
  expect(delays()).toEqual([6 * hour, 6 * hour]);
  Object.assign(state, { aheadMs: 0, names: undefined });
  await advance(5 * day);
  expect(orders).toHaveLength(4);
});

test("an order is aborted when it is closed, which is no failure", async () => {
  const { certificates, clock, events, state } = open();
  state.isHeld = true;
  certificates.watch(() => {});
  clock.advance(0);
  await certificates[Symbol.asyncDispose]();
  expect(events.map(({ event }) => event)).toEqual(["certificate-ordered"]);
  expect(clock.pendingTimers).toBe(0);
});

test("nothing is left of it when it is closed, not even a retry", async () => {
  const { certificates, clock, orders, state, used, start } = open();
  state.failure = new Error("out of reach");
  await start();
  await certificates[Symbol.asyncDispose]();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(day);
  expect(orders).toHaveLength(1);
  expect(used).toEqual([]);
});

/** The clock's `now`, which from now on is ahead by so much. Its timers do not notice. */
function jumped(clock: FakeClock, byMs: number): () => number {
  const former = clock.now.bind(clock);
  return () => former() + byMs;
}
