import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { loadOrCreateSecret, SecretsFileUnreadable } from "../../../src/storage/secrets/secrets-file.ts";
import { Child } from "../../support/processes/child.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

const never = () => {
  throw new Error("there is one");
};

describe("a secret", () => {
  test("is generated once, and stored in a file with mode 0600", () => {
    using workshop = new Workshop();
    expect(loadOrCreateSecret(workshop.path, "auth.secret", () => "first")).toEqual({ text: "first", isNew: true });
    expect(loadOrCreateSecret(workshop.path, "auth.secret", never)).toEqual({ text: "first", isNew: false });
    const path = workshop.file("secrets.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ "auth.secret": "first" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is stored beside others, whichever program wrote them", () => {
    using workshop = new Workshop();
    const path = workshop.file("secrets.json");
    writeFileSync(path, '{"other":"x","__proto__":"y"}');
    expect(loadOrCreateSecret(workshop.path, "__proto__", never).text).toBe("y");
    expect(loadOrCreateSecret(workshop.path, "auth.secret", () => "first").isNew).toBe(true);
    expect(loadOrCreateSecret(workshop.path, "toString", () => "second").isNew).toBe(true);
    for (const [name, text] of [
      ["other", "x"],
      ["__proto__", "y"],
      ["auth.secret", "first"],
      ["toString", "second"],
    ] as const) {
      expect(loadOrCreateSecret(workshop.path, name, never).text).toBe(text);
    }
    expect(readdirSync(workshop.path).toSorted()).toEqual(["secrets.json", "secrets.lock"]);
  });

  test("is read from a file with another mode, which is left as it is", () => {
    using workshop = new Workshop();
    const path = workshop.file("secrets.json");
    writeFileSync(path, '{"auth.secret":"x"}');
    chmodSync(path, 0o640);
    loadOrCreateSecret(workshop.path, "auth.secret", never);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(workshop.path)).toEqual(["secrets.json"]);
  });

  test.each([
    "",
    "hush",
    '"hush"',
    "null",
    '["hush"]',
    '{"auth.secret":"hush"',
    '{"auth.secret":7}',
    '{"auth.secret":""}',
    '{"hush":{}}',
  ])("is not read from, or written to, a file that holds %j, and the file is not quoted", (content) => {
    using workshop = new Workshop();
    const path = workshop.file("secrets.json");
    writeFileSync(path, content);
    const ask = () => loadOrCreateSecret(workshop.path, "auth.secret", () => "new");
    expect(ask).toThrow(SecretsFileUnreadable);
    expect(ask).toThrow(`${path} is not a JSON object of texts.`);
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "that root requests belongs to the folder's owner, and so does the lock",
    () => {
      using workshop = new Workshop();
      chownSync(workshop.path, 65_534, 65_534);
      loadOrCreateSecret(workshop.path, "auth.secret", () => "first");
      const owners = ["secrets.json", "secrets.lock"].map((name) => statSync(workshop.file(name)).uid);
      expect(owners).toEqual([65_534, 65_534]);
    },
  );

  test("that cannot be stored leaves no file behind, and releases the lock", () => {
    using workshop = new Workshop();
    expect(() => loadOrCreateSecret(workshop.path, "a", never)).toThrow("there is one");
    expect(loadOrCreateSecret(workshop.path, "a", () => "first").isNew).toBe(true);
    expect(() => loadOrCreateSecret(workshop.file("nowhere"), "a", () => "first")).toThrow("ENOENT");
  });

  test("is the same for all processes that request it at once, and none loses another's", async () => {
    using workshop = new Workshop();
    for (let round = 0; round < 3; round += 1) {
      const start = workshop.file(`start-${round}`);
      const names = [`a${round}`, `b${round}`, `c${round}`];
      const orders = [names, names.toReversed(), [...names.slice(1), ...names.slice(0, 1)]];
      await using stack = new AsyncDisposableStack();
      const children = orders.map((order) => stack.use(new Child("ask-secret.ts", [workshop.path, start, ...order])));
      for (const child of children) expect(await child.line()).toBe("ready");
      writeFileSync(start, "");
      const [first, ...others] = await Promise.all(children.map(async (child) => JSON.parse(await child.line())));
      for (const other of others) expect(other).toEqual(first);
      expect(JSON.parse(readFileSync(workshop.file("secrets.json"), "utf8"))).toMatchObject(first);
    }
  });
});
