import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TooManyApiKeys } from "../../src/auth/keys/api-keys.ts";
import { ApiKeysFile, ApiKeysUnreadable } from "../../src/storage/api-keys-file.ts";
import { lockFile } from "../../src/storage/file-lock.ts";
import { StoreError } from "../../src/storage/store.ts";
import { describeApiKeys } from "../contract/api-keys.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

async function setUp() {
  const folder = await temporaryFolder();
  const open = () => new ApiKeysFile(folder, new FakeClock());
  return { folder, path: join(folder, "api-keys.json"), open };
}

const order = { name: "agent", scope: "docs:read", prefix: "notes/" } as const;

describeApiKeys("API keys in a file", async () => ({ open: (await setUp()).open, remove: () => {} }));

test("a key is kept as a hash in a file of its owner alone", async () => {
  const { open, path } = await setUp();
  const { text } = open().create(order);
  expect(readFileSync(path, "utf8")).not.toContain(text.slice(3));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a damaged file is an error, and not a file without keys", async () => {
  const { open, path } = await setUp();
  open().create(order);
  writeFileSync(path, '{"keys": [{"name": "agent"}]}');
  expect(() => open().find("yk_x")).toThrow(ApiKeysUnreadable);
});

test("a process that holds the file for long is an error of the store, and nothing is changed", async () => {
  const { folder, open } = await setUp();
  open().create(order);
  const unlock = lockFile(join(folder, "api-keys.lock"), 0);
  const hurried = new ApiKeysFile(folder, new FakeClock(), { maxWaitMs: 0 });
  expect(() => hurried.revoke("agent")).toThrow(StoreError);
  unlock();
  expect(hurried.list()).toHaveLength(1);
});

test("while the folder of a server is lost, keys are neither created nor revoked, and no folder is created", async () => {
  const folder = join(await temporaryFolder(), "data");
  const fault = { path: folder, state: "deleted" } as const;
  const keys = new ApiKeysFile(folder, new FakeClock(), { held: { findFault: () => fault } });
  expect(() => keys.create(order)).toThrow(StoreError);
  expect(() => keys.revoke("agent")).toThrow(StoreError);
  expect(existsSync(folder)).toBe(false);
});

test("the number of keys has a bound", async () => {
  const { open, path } = await setUp();
  const { key } = open().create(order);
  const kept = (id: number) => ({ ...key, id: `${id}`, name: `${id}`, hash: id.toString(16).padStart(64, "0") });
  writeFileSync(path, JSON.stringify({ keys: Array.from({ length: 10_000 }, (_, id) => kept(id)) }));
  expect(() => open().create(order)).toThrow(TooManyApiKeys);
  open().revoke("7");
  expect(open().create(order).key.name).toBe("agent");
});
