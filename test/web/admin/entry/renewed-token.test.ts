import { expect, test } from "bun:test";
import { type RenewalOrder, RenewedToken } from "../../../../src/web/admin/entry/renewed-token.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** A token without a valid signature. Times are epoch milliseconds. */
function tokenOf(claims: { readonly sub?: string; readonly iat?: number; readonly exp?: number }): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_");
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / secondMs);
  return `${part({ alg: "HS256" })}.${part({ ...claims, iat: seconds(claims.iat), exp: seconds(claims.exp) })}.x`;
}

/** A server that mints the tokens that are ordered, or fails. */
class Mint {
  readonly clock = new FakeClock();
  readonly orders: RenewalOrder[] = [];
  isFailing = false;
  /** The difference of the server's clock from the one of the page. */
  aheadMs = 0;

  issue(ageMs: number, leftMs: number, sub?: string): string {
    const now = this.clock.now() + this.aheadMs;
    return tokenOf({ iat: now - ageMs, exp: now + leftMs, ...(sub !== undefined && { sub }) });
  }

  hold(token: string): RenewedToken {
    return new RenewedToken(token, {
      now: () => this.clock.now(),
      after: (delayMs, task) => this.clock.after(delayMs, task),
      mint: async (order) => {
        this.orders.push(order);
        if (this.isFailing) throw new Error("no answer");
        return this.issue(0, order.ttl * secondMs, order.user);
      },
    });
  }

  async pass(ms: number): Promise<void> {
    const stepMs = 10 * secondMs;
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await Promise.resolve();
      await Promise.resolve();
    }
  }
}

test("a token is replaced before it expires, by one of the same user, again and again", async () => {
  const mint = new Mint();
  const first = mint.issue(0, 60 * minuteMs, "ann");
  const token = mint.hold(first);
  await mint.pass(54 * minuteMs);
  expect(token.current).toBe(first);
  await mint.pass(2 * minuteMs);
  expect(token.current).not.toBe(first);
  await mint.pass(10 * 60 * minuteMs);
  expect(mint.orders.length).toBe(11);
  expect(new Set(mint.orders.map((order) => JSON.stringify(order))).size).toBe(1);
  expect(mint.orders[0]).toEqual({ user: "ann", ttl: 3_600 });
});

test("no longer lifetime is asked for than the server has given, and an old token is replaced soon", async () => {
  const mint = new Mint();
  mint.hold(mint.issue(8 * minuteMs, 2 * minuteMs));
  await mint.pass(30 * secondMs);
  expect(mint.orders).toEqual([{ user: undefined, ttl: 600 }]);
  await mint.pass(5 * minuteMs);
  expect(mint.orders.length).toBe(2);
});

test("a renewal that fails is repeated until the token has expired", async () => {
  const mint = new Mint();
  const first = mint.issue(0, 60 * minuteMs);
  const token = mint.hold(first);
  mint.isFailing = true;
  await mint.pass(56 * minuteMs);
  expect(token.current).toBe(first);
  mint.isFailing = false;
  await mint.pass(30 * secondMs);
  expect(token.current).not.toBe(first);

  mint.isFailing = true;
  await mint.pass(120 * minuteMs);
  const { length } = mint.orders;
  await mint.pass(60 * minuteMs);
  expect(mint.orders.length).toBe(length);
  expect(mint.clock.pendingTimers).toBe(0);
});

test.each([-180, 180])("a clock that is wrong by %d minutes changes the first renewal only", async (minutes) => {
  const mint = new Mint();
  mint.aheadMs = minutes * minuteMs;
  mint.hold(mint.issue(0, 60 * minuteMs));
  await mint.pass(56 * minuteMs);
  expect(mint.orders.length).toBe(minutes < 0 ? 2 : 1);
  await mint.pass(10 * 55 * minuteMs);
  expect(mint.orders.length).toBe(minutes < 0 ? 12 : 11);
});

test("a token that is closed is forgotten, also while it is being replaced", async () => {
  const mint = new Mint();
  const token = mint.hold(mint.issue(0, 60 * minuteMs));
  mint.clock.advance(56 * minuteMs);
  expect(mint.orders.length).toBe(1);
  token.close();
  await mint.pass(120 * minuteMs);
  expect(token.current).toBe("");
  expect(mint.orders.length).toBe(1);
  expect(mint.clock.pendingTimers).toBe(0);
});

test.each(["yk_key", tokenOf({ sub: "ann" })])("a token without an expiry stays: %s", (first) => {
  const mint = new Mint();
  const token = mint.hold(first);
  mint.clock.advance(1e9);
  expect(token.current).toBe(first);
  expect(mint.clock.pendingTimers).toBe(0);
});
