import { expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import { mintToken } from "../../../src/client/tokens.ts";
import { startApiServer } from "../../support/api/api-server.ts";

async function setUp(options: Parameters<typeof startApiServer>[0] = {}) {
  const api = await startApiServer({ mode: "token", ...options });
  const { access } = new YurtClient({ url: api.server.url, token: await api.adminToken() }).server;
  return { api, access };
}

test("one call tells why a client is refused: what its token says, and whether its page may connect", async () => {
  const { api, access } = await setUp({ origins: ["https://app.example"] });
  await using _ = api;
  const token = await api.token({ "notes/*": "write" }, "ann");
  const granted = await access.validate({ room: "notes/7", token, origin: "https://app.example" });
  expect(granted).toMatchObject({
    granted: true,
    access: "write",
    token: { user: "ann", rooms: { "notes/*": "write" }, admin: false, tokenId: expect.any(String) },
    origin: { origin: "https://app.example", allowed: true },
  });
  expect(await access.validate({ room: "plans/7", token, origin: "https://evil.example" })).toMatchObject({
    granted: false,
    code: "wrong-room",
    closeCode: 4403,
    token: { rooms: { "notes/*": "write" } },
    origin: { allowed: false, reason: expect.stringContaining("--auth-origins") },
  });
  const { token: lacking, origin, ...rest } = await access.validate({ room: "plans/7" });
  expect([lacking, origin, rest]).toMatchObject([undefined, undefined, { granted: false, code: "no-token" }]);
});

test("a token that is forged or expired says what it says, and an API key is not looked up", async () => {
  const { api, access } = await setUp();
  await using _ = api;
  const order = { rooms: { a: "read" }, user: "eve" } as const;
  const forged = await mintToken({ ...order, secret: "another secret, which the server does not have" });
  expect(await access.validate({ room: "a", token: forged })).toMatchObject({
    granted: false,
    code: "bad-signature",
    token: { user: "eve", rooms: { a: "read" }, expiresAt: expect.any(Number) },
  });
  const secret = "the secret of the test servers, long enough";
  const expired = await mintToken({ ...order, secret, lifetimeSeconds: -3_600 });
  const answer = await access.validate({ room: "a", token: expired });
  expect(answer).toMatchObject({ granted: false, code: "expired", token: { user: "eve" } });
  expect(answer.token?.expiresAt).toBeLessThan(Date.now());
  const key = await access.validate({ room: "a", token: api.keys["docs:admin"] });
  const unknown = await access.validate({ room: "a", token: "yk_unknown" });
  expect(key).toEqual(unknown);
  expect(key.token).toBeUndefined();
});

test("an administrator who asks about a token is told the same as everybody", async () => {
  const { api } = await setUp();
  await using _ = api;
  const token = await api.token({ a: "read" }, "ann");
  const path = `/api/validate?room=b&token=${token}&origin=https://app.example`;
  const answers = [
    await api.ask("GET", path, { token: await api.adminToken() }),
    await api.ask("GET", path, { token: await api.token({ b: "write" }) }),
    await api.ask("GET", path),
  ];
  for (const { body, status } of answers) expect([status, body]).toEqual([403, answers[0]?.body ?? {}]);
});

test("tokens are created and revoked, and the revocations in force are listed, the latest first", async () => {
  const { api, access } = await setUp();
  await using _ = api;
  expect(await access.revocations()).toEqual({ items: [], total: 0 });
  const { token } = await access.createToken({ rooms: { a: "write" }, user: "ann", ttl: "5m" });
  expect(await access.validate({ room: "a", token })).toMatchObject({ granted: true, user: "ann" });
  await access.revoke({ user: "ann" });
  expect(await access.validate({ room: "a", token })).toMatchObject({ granted: false, code: "revoked" });
  await access.revoke({ room: "notes/**", tokenId: "t1" });
  const { items, total } = await access.revocations();
  expect([total, items]).toMatchObject([
    2,
    [
      { user: null, room: "notes/**", tokenId: "t1" },
      { user: "ann", room: null, tokenId: null },
    ],
  ]);
  expect(Date.parse(String(items[0]?.until))).toBeGreaterThan(Date.parse(String(items[0]?.revokedAt)));
  expect((await access.revocations({ limit: 1 })).items).toHaveLength(1);
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "a" });
  const refused = await api.ask("GET", "/v1/revocations", { token: narrow });
  expect([refused.status, refused.body["code"]]).toEqual([403, "forbidden"]);
});

test("a revocation that is kept for ever, and one that has ended, are listed as such", async () => {
  const { api } = await setUp();
  await using _ = api;
  const token = await api.adminToken();
  const add = (body: object) => api.ask("POST", "/api/revocations", { token, body });
  await add({ user: "ann", expiresAt: Number.MAX_SAFE_INTEGER });
  await add({ user: "bob", expiresAt: 1e11 });
  const { body } = await api.ask("GET", "/v1/revocations", { token });
  expect(body).toMatchObject({ total: 1, items: [{ user: "ann", until: "9999-12-31T23:59:59.999Z" }] });
});

test("the error of a route under /api has its sentence", async () => {
  const { api, access } = await setUp();
  await using _ = api;
  await expect(access.createToken({})).rejects.toMatchObject({ status: 400, message: "name rooms, or admin" });
});
