import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { Workshop } from "../support/processes/data-folder.ts";
import { yurt } from "../support/processes/run-program.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const [former, current] = ["former".padEnd(40, "x"), "current".padEnd(40, "x")];

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

const mint = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  (await yurt(["token", ...args, "--data", data], { environment })).out.trim();

async function answer(url: string, token: string, room = "notes/1"): Promise<unknown> {
  return (await fetch(`${url}/api/validate?room=${room}&token=${token}`)).json();
}

describe("yurt token", () => {
  test("creates a token that the server of the folder accepts, whichever of the two comes first", async () => {
    const before = await mint(["notes/*", "news", "--read", "--user", "ann", "--ttl", "90s"]);
    expect(statSync(join(data, "secrets.json")).mode & 0o777).toBe(0o600);
    const { exp = 0, iat = 0, sub, rooms } = decodeJwt(before);
    expect([Math.round(exp - iat), sub, rooms]).toEqual([90, "ann", { "notes/*": "read", news: "read" }]);
    await using server = await startTestServer({ dataFolder: data, auth: { mode: "token" } });
    const beside = await mint(["notes/1"]);
    expect(await answer(server.url, before)).toMatchObject({ access: "read", user: "ann" });
    expect(await answer(server.url, beside)).toMatchObject({ access: "write" });
    const headers = { authorization: `Bearer ${await mint(["--admin"])}` };
    const minting = { method: "POST", headers, body: '{"rooms":{"a":"read"}}' };
    expect((await fetch(`${server.url}/api/tokens`, minting)).status).toBe(201);
  });

  test("says that the secret is new, because a server with another data folder refuses the token", async () => {
    const [first, second] = [
      await yurt(["token", "notes", "--data", data]),
      await yurt(["token", "notes", "--data", data]),
    ];
    const remedy = "Use the data folder of the server (--data), or it refuses the token.";
    expect([first.code, first.err]).toEqual([0, `yurt: The secret in ${data}/secrets.json is new. ${remedy}\n`]);
    expect([second.code, second.err]).toEqual([0, ""]);
    const given = await yurt(["token", "notes", "--data", workshop.file("x")], {
      environment: { YURT_AUTH_SECRET: current },
    });
    expect([given.code, given.err]).toEqual([0, ""]);
  });

  test("signs with the first of two secrets, from wherever they are", async () => {
    const file = workshop.file("secret");
    writeFileSync(file, `${current}\n${former}\n`);
    const token = await mint(["notes/1"], { YURT_AUTH_SECRET_FILE: file });
    await using renewed = await startTestServer({ auth: { mode: "token", secrets: [current] } });
    await using behind = await startTestServer({ auth: { mode: "token", secrets: [former] } });
    expect(await answer(renewed.url, token)).toMatchObject({ granted: true });
    expect(await answer(behind.url, token)).toMatchObject({ code: "bad-signature" });
    expect(await answer(behind.url, await mint(["notes/1"], { YURT_AUTH_SECRET: former }))).toMatchObject({
      granted: true,
    });
  });

  const many = Array.from({ length: 20 }, (_, index) => `${index}*`.padEnd(1_000, "x"));
  test.each<[message: string, args: readonly string[]]>([
    ["Give at least one room, or --admin.", []],
    ['Invalid --ttl "soon". Use a duration such as 90s', ["notes", "--ttl", "soon"]],
    ['Invalid room "": the name is empty. Give a room name', ["notes", ""]],
    ['Invalid room "a\\nb": the name contains a control character.', ["a\nb"]],
    [`Invalid room "${"x".repeat(257)}": the name is longer than 256 bytes (limits.name-bytes).`, ["x".repeat(257)]],
    [`Invalid room "*${"x".repeat(1_024)}": the pattern is longer than 1024 characters.`, [`*${"x".repeat(1_024)}`]],
    ['Invalid --user "". Use 1 to 1024 characters', ["notes", "--user", ""]],
    ['Invalid --user "a\\nb". Use 1 to 1024 characters', ["notes", "--user", "a\nb"]],
    ["Invalid --ttl. It is longer than", ["notes", "--ttl", "367d"]],
    ["The token would be too long. Give fewer rooms", many],
  ])("creates none, and says why: %s", async (message, args) => {
    const { code, out, err } = await yurt(["token", ...args, "--data", data]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toStartWith(`yurt: ${message}`);
  });

  test("writes users and rooms in the form in which they are compared", async () => {
    const { sub, rooms } = decodeJwt(await mint(["cafe\u0301/*", "--user", "Zoe\u0308"]));
    expect([sub, rooms]).toEqual(["Zo\u00eb", { "caf\u00e9/*": "write" }]);
  });

  test("creates one for names and patterns at their bounds, and for names as long as the server permits", async () => {
    expect(await mint(["x".repeat(256), `*${"x".repeat(1_023)}`])).not.toBe("");
    expect(await mint(["x".repeat(257)])).toBe("");
    expect(await mint(["x".repeat(257)], { YURT_LIMITS_NAME_BYTES: "300" })).not.toBe("");
  });

  test("shows nothing of secrets that it cannot read", async () => {
    await mint(["notes"]);
    writeFileSync(join(data, "secrets.json"), `{"auth.secret": "${current}"`);
    const { code, out, err } = await yurt(["token", "notes", "--data", data]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("secrets.json is not a JSON object of texts");
    expect(err).not.toContain(current);
  });

  test("signs with no secret that is too short, and does not show it", async () => {
    mkdirSync(data);
    writeFileSync(join(data, "secrets.json"), '{"auth.secret": "letmein"}');
    const { code, out, err } = await yurt(["token", "notes", "--data", data]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain('secrets.json holds a secret "auth.secret" of less than 32 bytes. Correct it, or remove it');
    expect(err).not.toContain("letmein");
    await expect(startTestServer({ dataFolder: data, auth: { mode: "token" } })).rejects.toThrow("less than 32 bytes");
  });

  test("a server does not start with an invalid webhook secret", async () => {
    mkdirSync(data);
    writeFileSync(join(data, "secrets.json"), '{"auth.webhook-secret": "whsec_short"}');
    const auth = { mode: "webhook", webhook: { url: new URL("http://127.0.0.1:1/"), secrets: [] } } as const;
    await expect(startTestServer({ dataFolder: data, auth })).rejects.toThrow("not a Standard Webhooks secret");
  });
});
