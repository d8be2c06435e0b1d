import { expect, test } from "bun:test";
import { secret } from "../../support/bytes/tokens.ts";
import { runModule, snippetsOf } from "../../support/docs-snippets.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const snippets = snippetsOf("docs/access.md");
const minting = "docs/access.md#Create tokens in your application";
const deciding = "docs/access.md#Example";

/** The result of a token in each of these rooms: an access, or the code of a denial. */
async function accesses({ url }: TestServer, token: string, ...rooms: readonly string[]): Promise<readonly unknown[]> {
  return Promise.all(
    rooms.map(async (room) => {
      const response = await fetch(`${url}/api/validate?${new URLSearchParams({ room, token })}`);
      const { access, code } = Object(await response.json());
      return access ?? code;
    }),
  );
}

test("every snippet has a test", () => {
  expect([...snippets.keys()]).toEqual([minting, deciding]);
});

test("a token that an application mints opens the rooms that it names", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  const code = `${snippets.get(minting)}\nconsole.log(await tokenFor("7"));`;
  await using module = runModule(code, { YURT_AUTH_SECRET: secret });
  const token = (await module.printed()).trim();
  expect(await accesses(server, token, "notes/7", "news/2026/may", "notes/8", "notes")).toEqual([
    "write",
    "read",
    "wrong-room",
    "wrong-room",
  ]);
});

test("an application with a webhook decides", async () => {
  const key = Buffer.from(secret);
  const port = freePort();
  const code = (snippets.get(deciding) ?? "").replace("3000", String(port));
  await using _ = runModule(code, { YURT_AUTH_WEBHOOK_SECRET: `whsec_${key.toString("base64")}` });
  const url = `http://127.0.0.1:${port}/yurt`;
  await using server = await startTestServer({
    auth: { mode: "webhook", webhook: { url: new URL(url), secrets: [key] } },
  });
  await eventually("it listens, and accepts only its own secret", async () => {
    const response = await fetch(url, { method: "POST", body: "{}" }).catch(() => undefined);
    return response?.status === 400;
  });
  expect(await accesses(server, "a session of ann's", "notes/ann", "news/today", "notes/bob")).toEqual([
    "write",
    "read",
    "refused",
  ]);
  expect(await accesses(server, "another token", "notes/ann")).toEqual(["refused"]);
});
