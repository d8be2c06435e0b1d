import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ApiKeyNameTaken, type KeptApiKeys } from "../../src/auth/keys/api-keys.ts";
import { eventually } from "../support/eventually.ts";

/** Where API keys are kept. */
export interface ApiKeysMedium {
  /** Opens the keys for one more process or node. */
  open(): KeptApiKeys | Promise<KeptApiKeys>;
  /** Called at the end. */
  remove(): void | Promise<void>;
}

const order = { name: "agent", scope: "docs:read", prefix: "notes/" } as const;

/** The contract of all API keys. `create` makes a medium without keys. */
export function describeApiKeys(name: string, create: () => ApiKeysMedium | Promise<ApiKeysMedium>): void {
  describe(name, () => {
    let medium: ApiKeysMedium;
    let keys: KeptApiKeys;
    let others: KeptApiKeys;

    beforeEach(async () => {
      medium = await create();
      keys = await medium.open();
      others = await medium.open();
    });

    afterEach(() => medium.remove());

    test("are found by their texts, at once where they are made, and soon by others", async () => {
      expect(keys.find("yk_x")).toBeUndefined();
      const { key, text } = await keys.create(order);
      expect(text).toMatch(/^yk_[\w-]{43}$/);
      expect(key).toMatchObject(order);
      expect(keys.find(text)).toEqual(key);
      expect(keys.find(`${text.slice(0, -1)}!`)).toBeUndefined();
      await eventually("the others find it", () => others.find(text) !== undefined);
      expect(others.find(text)).toEqual(key);
      expect((await medium.open()).find(text)).toEqual(key);
    });

    test("are listed in the order in which they were made, whoever has made them", async () => {
      await keys.create(order);
      await others.create({ ...order, name: "other", scope: "docs:admin", prefix: "" });
      await keys.create({ ...order, name: "a \u65e5\u672c" });
      await eventually("all are listed", () => [keys, others].every((each) => each.list().length === 3));
      expect(keys.list().map(({ name }) => name)).toEqual(["agent", "other", "a \u65e5\u672c"]);
      expect(others.list()).toEqual(keys.list());
    });

    test("are revoked by name or id, at once, and soon for others", async () => {
      const [first, second] = [await keys.create(order), await keys.create({ ...order, name: "other" })];
      await eventually("the others find it", () => others.find(second.text) !== undefined);
      expect(await keys.revoke("agent")).toEqual(first.key);
      expect(keys.find(first.text)).toBeUndefined();
      expect(keys.find(second.text)).toEqual(second.key);
      await eventually("the others refuse it", () => others.find(first.text) === undefined);
      expect(await others.revoke(second.key.id)).toEqual(second.key);
      expect(others.find(second.text)).toBeUndefined();
      expect(await others.revoke("agent")).toBeUndefined();
      await eventually("none is left", () => keys.list().length === 0);
    });

    test("have different names, of whichever process", async () => {
      await keys.create(order);
      for (const each of [keys, others]) {
        const failed = await Promise.try(() => each.create(order)).catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(ApiKeyNameTaken);
      }
      await keys.revoke("agent");
      expect((await others.create(order)).key.name).toBe("agent");
    });
  });
}
