import { expect, test } from "bun:test";
import { PassingAdminLinks } from "../../../src/admin/entry/passing-admin-links.ts";
import { linkLifetimeMs } from "../../../src/auth/admin/admin-links.ts";
import { describeAdminLinks } from "../../contract/admin-links.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const now = new FakeClock().now();

describeAdminLinks("links of one process", () => ({
  open: () => new PassingAdminLinks(new FakeClock()),
  remove: () => {},
  now: () => now,
}));

test("a link is valid for half an hour", () => {
  const clock = new FakeClock();
  const links = new PassingAdminLinks(clock);
  const second = links.create();
  expect(second.expiresAt).toBe(clock.now() + 1_800_000);
  clock.advance(linkLifetimeMs - 1);
  const third = links.create();
  clock.advance(1);
  expect([links.use(second.code), links.use(third.code)]).toEqual([false, true]);
});

test("setting the clock back does not prolong a link", () => {
  const clock = new FakeClock();
  const links = new PassingAdminLinks(clock);
  const { code } = links.create();
  clock.advance(linkLifetimeMs);
  clock.set(-linkLifetimeMs);
  expect(links.use(code)).toBe(false);
});

test("of more than 16 links the oldest are not valid any more", () => {
  const links = new PassingAdminLinks(new FakeClock());
  const codes = Array.from({ length: 17 }, () => links.create().code);
  expect(codes.map((code) => links.use(code))).toEqual([false, ...codes.slice(1).map(() => true)]);
});
