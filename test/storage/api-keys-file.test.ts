import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiKeyNameTaken, TooManyApiKeys } from "../../src/auth/keys/api-keys.ts";
import { ApiKeysFile, ApiKeysUnreadable } from "../../src/storage/api-keys-file.ts";
import { lockFile } from "../../src/storage/file-lock.ts";
import { StoreError } from "../../src/storage/store.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

async function setUp() {
  const folder = await temporaryFolder();
  const open = () => new ApiKeysFile(folder, new FakeClock());
  return { folder, path: join(folder, "api-keys.json"), open };
}

const order = { name: "agent", scope: "docs:read", prefix: "notes/" } as const;

test("a key is found by its text, in other processes too, and is kept as a hash in a file of its owner alone", async () => {
  const { open, path } = await setUp();
  const server = open();
  expect(server.find("yk_x")).toBeUndefined();
  const { key, text } = open().create(order);
  expect(text).toMatch(/^yk_[\w-]{43}$/);
  expect(server.find(text)).toEqual(key);
  expect(key).toMatchObject(order);
  expect(server.find(`${text.slice(0, -1)}!`)).toBeUndefined();
  expect(readFileSync(path, "utf8")).not.toContain(text.slice(3));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a revoked key is found no more, by name or by id", async () => {
  const { open } = await setUp();
  const server = open();
  const first = open().create(order);
  const second = open().create({ ...order, name: "other" });
  expect(server.list().map(({ name }) => name)).toEqual(["agent", "other"]);
  expect(open().revoke("agent")).toEqual(first.key);
  expect(server.find(first.text)).toBeUndefined();
  expect(server.find(second.text)).toEqual(second.key);
  expect(open().revoke(second.key.id)).toEqual(second.key);
  expect(open().revoke("agent")).toBeUndefined();
  expect(server.list()).toEqual([]);
});

test("two keys have two names", async () => {
  const { open } = await setUp();
  open().create(order);
  expect(() => open().create(order)).toThrow(ApiKeyNameTaken);
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
