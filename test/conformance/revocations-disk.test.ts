import { expect, test } from "bun:test";
import { mkdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { mintToken } from "../../src/auth/mint-token.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { startTestServer } from "../support/start-test-server.ts";

const secret = "a secret of the test, long enough for it";
const minting = { secret, lifetimeMs: 60_000, clock: systemClock };

test("what is revoked while it cannot be written is in force, and told to be until the next start", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  const file = join(server.dataFolder, "revocations.jsonl");
  const admin = await mintToken({ ...minting, rooms: new Map(), isAdmin: true });
  const token = await mintToken({ ...minting, rooms: new Map([["notes", "write"]]), user: "ann", isAdmin: false });
  const revoke = async () => {
    const headers = { authorization: `Bearer ${admin}` };
    const response = await fetch(`${server.url}/api/revocations`, { method: "POST", headers, body: '{"user":"ann"}' });
    return response.status;
  };
  // The system's error is another one than that of a full disk.
  await mkdir(file);
  expect(await revoke()).toBe(503);
  expect((await fetch(`${server.url}/api/validate?room=notes&token=${token}`)).status).toBe(401);
  await rmdir(file);
  expect(await revoke()).toBe(201);
  expect((await readFile(file, "utf8")).match(/"user":"ann"/g)).toHaveLength(1);
});
