import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { Workshop } from "../support/processes/data-folder.ts";
import { type ProgramOptions, yurt } from "../support/processes/run-program.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

const apiKey = (args: readonly string[], options?: ProgramOptions) =>
  yurt(["api-key", ...args, "--data", data], options);

test("a key is printed once, kept hashed, accepted by the running server within its prefix, and refused when revoked", async () => {
  await using server = await startTestServer({ dataFolder: data, auth: { mode: "token", secrets: [] } });
  const { code, err, out } = await apiKey(["create", "robot", "--scope", "docs:read", "--prefix", "notes/"]);
  expect([code, out, err]).toEqual([
    0,
    expect.stringMatching(/^yk_[\w-]{43}\n$/),
    "yurt: Keep the key now: it is not shown again. It is for documents whose names begin with notes/, " +
      `on the server with the data folder ${data}.\n`,
  ]);
  const key = out.trim();
  expect(readFileSync(`${data}/api-keys.json`, "utf8")).not.toContain(key);
  const ask = async (path: string) =>
    (await fetch(`${server.url}/v1/docs${path}`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect([await ask(""), await ask("/notes%2F1"), await ask("/other")]).toEqual([200, 404, 404]);
  expect((await apiKey(["list"])).out).toMatch(/^\S{8}\tdocs:read\t[\d-]+T[\d:]+Z\tnotes\/\trobot\n$/);
  expect(await apiKey(["revoke", "robto"])).toEqual({
    code: 1,
    out: "",
    err: "yurt: There is no API key robto. Did you mean robot?\n",
  });
  expect(await apiKey(["revoke", "robot"])).toEqual({ code: 0, out: "robot is revoked.\n", err: "" });
  expect(await ask("")).toBe(401);
  expect((await apiKey(["revoke", "robot"])).err).toBe(
    "yurt: There is no API key robot. List them with yurt api-key list.\n",
  );
});

test("keys are listed in a table on a terminal", async () => {
  expect(await apiKey(["list"], { isTTY: true })).toEqual({ code: 0, out: "No API keys.\n", err: "" });
  await apiKey(["create", "robot", "--scope", "docs:admin"]);
  await apiKey(["create", "reader", "--scope", "docs:read", "--prefix", "notes/"]);
  const { out } = await apiKey(["list"], { isTTY: true });
  const lines = out.split("\n").map((line) => line.replace(/\S{8}(?= )/, "(id)").replace(/[\d-]+T[\d:]+Z/, "(time)"));
  expect(lines.slice(1).map((line) => line.replaceAll(/ +/g, " "))).toEqual([
    expect.stringMatching(/\(id\) docs:admin \(time\) \S* robot$/),
    expect.stringMatching(/\(id\) docs:read \(time\) notes\/ reader$/),
    "",
  ]);
  expect(out.split("\n").every((line) => line.length <= 80)).toBe(true);
});

test("two keys cannot have one name, and a name is text", async () => {
  await apiKey(["create", "robot", "--scope", "docs:write"]);
  expect(await apiKey(["create", "robot", "--scope", "docs:write"])).toEqual({
    code: 1,
    out: "",
    err: "yurt: Another API key has this name. Choose another name, or revoke that key with yurt api-key revoke.\n",
  });
  expect((await apiKey(["create", "", "--scope", "docs:write"])).code).toBe(2);
  expect((await apiKey(["create", "a", "--scope", "all"])).err).toContain("docs:read");
  expect((await apiKey(["create", "a"])).code).toBe(2);
});

test("a file of keys that cannot be read is named, with the remedy", async () => {
  await apiKey(["create", "robot", "--scope", "docs:write"]);
  writeFileSync(`${data}/api-keys.json`, "{}");
  const { code, err } = await apiKey(["list"]);
  expect([code, err]).toEqual([1, expect.stringContaining("Correct it, or remove it: all keys are invalid then.")]);
});
