import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AdminLinks, linkLifetimeMs } from "../../src/auth/admin/admin-links.ts";

/** Where links are kept. */
export interface AdminLinksMedium {
  open(): AdminLinks | Promise<AdminLinks>;
  /** Called at the end. */
  remove(): void | Promise<void>;
  /** The time of the clock that links are told by, in epoch milliseconds. */
  now(): number;
}

/** The contract of all links for administrators. */
export function describeAdminLinks(name: string, create: () => AdminLinksMedium | Promise<AdminLinksMedium>): void {
  describe(name, () => {
    let medium: AdminLinksMedium;

    beforeEach(async () => {
      medium = await create();
    });

    afterEach(() => medium.remove());

    test("are valid once, whoever uses them first", async () => {
      const links = await medium.open();
      const [first, second] = [await links.create(), await links.create()];
      expect(first.code).toMatch(/^[\w-]{43}$/);
      expect(second.code).not.toBe(first.code);
      expect(Math.abs(first.expiresAt - medium.now() - linkLifetimeMs)).toBeLessThan(10_000);
      expect(await links.use("")).toBe(false);
      expect(await links.use(`${first.code.slice(1)}x`)).toBe(false);
      const uses = await Promise.all([links.use(first.code), links.use(first.code)]);
      expect(uses.toSorted()).toEqual([false, true]);
      expect(await links.use(first.code)).toBe(false);
      expect(await links.use(second.code)).toBe(true);
    });
  });
}
