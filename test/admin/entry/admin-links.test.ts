import { expect, test } from "bun:test";
import { AdminLinks, linkLifetimeMs } from "../../../src/admin/entry/admin-links.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

test("a link is valid once, for half an hour", () => {
  const clock = new FakeClock();
  const links = new AdminLinks(clock);
  const [first, second] = [links.create(), links.create()];
  expect(first).toEqual({ code: expect.stringMatching(/^[\w-]{43}$/), expiresAt: clock.now() + 1_800_000 });
  expect(second.code).not.toBe(first.code);
  expect(links.use("")).toBe(false);
  expect([links.use(first.code), links.use(first.code)]).toEqual([true, false]);
  clock.advance(linkLifetimeMs - 1);
  const third = links.create();
  clock.advance(1);
  expect([links.use(second.code), links.use(third.code)]).toEqual([false, true]);
});

test("setting the clock back does not prolong a link", () => {
  const clock = new FakeClock();
  const links = new AdminLinks(clock);
  const { code } = links.create();
  clock.advance(linkLifetimeMs);
  clock.set(-linkLifetimeMs);
  expect(links.use(code)).toBe(false);
});

test("of more than 16 links the oldest are not valid any more", () => {
  const links = new AdminLinks(new FakeClock());
  const codes = Array.from({ length: 17 }, () => links.create().code);
  expect(codes.map((code) => links.use(code))).toEqual([false, ...codes.slice(1).map(() => true)]);
});
