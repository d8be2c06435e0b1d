import { expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { YurtClient } from "../../../src/client/client.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { updateOf } from "../../support/api/documents.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

const schedule = { everyMs: 86_400_000, keep: 7, command: undefined, commandTimeoutMs: 1_000 };

test("an administrator makes a backup now, which has what was stored", async () => {
  using workshop = new Workshop();
  const folder = workshop.file("backups");
  // The schedule has nothing to do.
  const stamp = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  mkdirSync(folder);
  writeFileSync(join(folder, `yurt-${stamp}.db`), "");
  await using api = await startApiServer({ mode: "token", backup: { ...schedule, folder } });
  const client = new YurtClient({ url: api.server.url, token: await api.adminToken() });
  await client.document("plan").writeUpdate(updateOf("a"));
  const made = await client.server.backup();
  expect(made).toMatchObject({ documents: 1, damaged: 0, ms: expect.any(Number) });
  expect([dirname(made.file), statSync(made.file).size]).toEqual([folder, made.bytes]);
  expect(Date.now() - Date.parse(made.startedAt)).toBeLessThan(60_000);
  expect((await client.server.get()).backup?.lastSuccessAt).not.toBeNull();
});

test("a server without a schedule of backups refuses", async () => {
  await using api = await startApiServer({ mode: "token" });
  const client = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] });
  await expect(client.server.backup()).rejects.toMatchObject({ status: 409, code: "backups-off" });
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "notes/" });
  expect((await api.ask("POST", "/v1/server/backup", { token: narrow })).status).toBe(403);
});

test("a backup that fails says why, and what to do", async () => {
  using workshop = new Workshop();
  const file = workshop.file("in-the-way");
  writeFileSync(file, "");
  const folder = join(file, "backups");
  await using api = await startApiServer({ mode: "token", backup: { ...schedule, folder } });
  const { body, status } = await api.ask("POST", "/v1/server/backup", { token: api.keys["docs:admin"] });
  expect([status, body["code"]]).toEqual([500, "backup-failed"]);
  expect(body["detail"]).toContain("Choose another folder with backup.folder.");
  expect(existsSync(folder)).toBe(false);
});
