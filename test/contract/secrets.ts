import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { OwnSecrets, type SecretSource } from "../../src/storage/secrets/own-secrets.ts";

/** Where secrets are kept. */
export interface SecretsMedium {
  /** Opens the secrets for one more process or node. */
  open(): SecretSource | Promise<SecretSource>;
  /** Called at the end. */
  remove(): void | Promise<void>;
}

/** The contract of every source of secrets that are kept. `create` makes a medium without secrets. */
export function describeSecrets(name: string, create: () => SecretsMedium | Promise<SecretsMedium>): void {
  const textsOf = (source: SecretSource) => {
    const secrets = new OwnSecrets(source);
    const texts = [
      secrets.signing([]),
      secrets.turn([]),
      [...secrets.webhook([]), secrets.rooms()].map((bytes) => bytes.toHex()),
    ].flat();
    return { texts, hasGenerated: secrets.hasGenerated };
  };

  describe(name, () => {
    let medium: SecretsMedium;

    beforeEach(async () => {
      medium = await create();
    });

    afterEach(() => medium.remove());

    test("are generated once, each another, and are the same for all who open them", async () => {
      const [first, second] = [await medium.open(), await medium.open()].map(textsOf);
      expect(new Set(first?.texts).size).toBe(4);
      expect(second?.texts).toEqual(first?.texts ?? []);
      expect(textsOf(await medium.open())).toEqual({ texts: first?.texts ?? [], hasGenerated: false });
    });

    test("are not needed when others are given", async () => {
      const secrets = new OwnSecrets(await medium.open());
      const given = Uint8Array.of(1);
      expect([secrets.signing(["a"]), secrets.turn(["b"]), secrets.webhook([given])]).toEqual([["a"], ["b"], [given]]);
    });
  });
}
