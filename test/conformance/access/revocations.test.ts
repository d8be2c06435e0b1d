import { expect, test } from "bun:test";
import { mkdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { mintToken } from "../../../src/auth/token/mint-token.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { startTestServer, type TestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const secret = "a secret of the test, long enough for it";
const auth = { mode: "token", secrets: [secret] } as const;
const minting = { secret, lifetimeMs: 60_000, clock: systemClock };
const adminNamed = (user: string) => mintToken({ ...minting, rooms: new Map(), user, isAdmin: true });

/** The status of a request to the API with `token`. */
async function post({ url }: TestServer, path: string, token: string, order: object): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(order) })).status;
}

test("a revocation that cannot be written is in force, and the answer says that it lasts until the next start", async () => {
  await using server = await startTestServer({ auth });
  const file = join(server.dataFolder, "revocations.jsonl");
  const admin = await adminNamed("root");
  const token = await mintToken({ ...minting, rooms: new Map([["notes", "write"]]), user: "ann", isAdmin: false });
  const revoke = () => post(server, "/api/revocations", admin, { user: "ann" });
  // A folder in place of the file causes another system error than a full disk.
  await mkdir(file);
  expect(await revoke()).toBe(503);
  expect((await fetch(`${server.url}/api/validate?room=notes&token=${token}`)).status).toBe(401);
  await rmdir(file);
  expect(await revoke()).toBe(201);
  expect((await readFile(file, "utf8")).match(/"user":"ann"/g)).toHaveLength(1);
});

test("users and rooms are revoked however their letters are encoded, and a token without a user by its id", async () => {
  await using server = await startTestServer({ auth });
  const admin = await adminNamed("root");
  const asked = async (token: string, room: string) => {
    const response = await fetch(`${server.url}/api/validate?room=${encodeURIComponent(room)}&token=${token}`);
    const { access, user, code } = Object(await response.json());
    return [access ?? code, user];
  };
  const rooms = { "caf\u00e9/*": "write", open: "write" };
  const claims = { rooms, iat: Date.now() / 1_000, exp: Date.now() / 1_000 + 60 };
  const zoe = await signWithSecret(secret, { ...claims, sub: "Zoe\u0308" });
  const nobody = await signWithSecret(secret, { ...claims, sub: "", jti: "nobody's" });
  // The documents are two, as their names are stored as they came; the permission is one.
  for (const room of ["caf\u00e9/1", "cafe\u0301/1"]) {
    expect([await asked(zoe, room), await asked(nobody, room)]).toEqual([
      ["write", "Zo\u00eb"],
      ["write", undefined],
    ]);
  }
  expect(await post(server, "/api/revocations", admin, { user: "" })).toBe(400);
  expect(await post(server, "/api/revocations", admin, { room: "cafe\u0301/*" })).toBe(201);
  expect([await asked(zoe, "caf\u00e9/1"), await asked(zoe, "open")]).toEqual([
    ["revoked", undefined],
    ["write", "Zo\u00eb"],
  ]);
  expect(await post(server, "/api/revocations", admin, { user: "Zo\u00eb" })).toBe(201);
  expect(await post(server, "/api/revocations", admin, { tokenId: "nobody's" })).toBe(201);
  expect([await asked(zoe, "open"), await asked(nobody, "open")]).toEqual([
    ["revoked", undefined],
    ["revoked", undefined],
  ]);
});

test("an administrator's token mints nothing after its revocation, even in open mode", async () => {
  const dataFolder = await temporaryFolder();
  const [admin, former] = [await adminNamed("root"), await adminNamed("former")];
  const statuses: number[] = [];
  for (const mode of ["token", "open"] as const) {
    await using server = await startTestServer({ dataFolder, auth: { ...auth, mode } });
    if (mode === "token") statuses.push(await post(server, "/api/revocations", admin, { user: "former" }));
    for (const token of [former, admin]) statuses.push(await post(server, "/api/tokens", token, { admin: true }));
  }
  expect(statuses).toEqual([201, 401, 201, 401, 201]);
  await rm(dataFolder, { recursive: true });
});
