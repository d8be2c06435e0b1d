import { expect, test } from "bun:test";
import { mintToken } from "../../src/client/tokens.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const secret = "a secret that the application and the server share";

test("the server accepts a minted token for its rooms and user, and for nothing else", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  const validate = async (token: string, room: string) => {
    const query = new URLSearchParams({ room, token });
    return (await fetch(`${server.url}/api/validate?${query}`)).json();
  };
  // The pattern is decomposed, as some keyboards write it.
  const token = await mintToken({ secret, rooms: { "cafe\u0301/*": "write", news: "read" }, user: "ann" });
  expect(await validate(token, "caf\u00e9/1")).toMatchObject({ granted: true, access: "write", user: "ann" });
  expect(await validate(token, "news")).toMatchObject({ granted: true, access: "read" });
  expect(await validate(token, "other")).toMatchObject({ code: "wrong-room" });
  expect(await validate(await mintToken({ secret, rooms: { a: "read" }, lifetimeSeconds: -90 }), "a")).toMatchObject({
    code: "expired",
  });
  expect(await validate(await mintToken({ secret: `${secret}!`, rooms: { a: "read" } }), "a")).toMatchObject({
    code: "bad-signature",
  });
  const headers = { authorization: `Bearer ${await mintToken({ secret, admin: true })}` };
  expect((await fetch(`${server.url}/v1/docs`, { headers })).status).toBe(200);
});

test("issuer and audience are in the token", async () => {
  const auth = { mode: "token" as const, secrets: [secret], issuer: "app", audience: "yurt" };
  await using server = await startTestServer({ auth });
  const validate = async (order: { issuer?: string; audience?: string }) => {
    const token = await mintToken({ secret, rooms: { a: "read" }, ...order });
    return (await fetch(`${server.url}/api/validate?room=a&token=${token}`)).json();
  };
  expect(await validate({ issuer: "app", audience: "yurt" })).toMatchObject({ granted: true });
  expect(await validate({ issuer: "app" })).toMatchObject({ code: "wrong-audience" });
});

test("a secret that the server would refuse is refused", async () => {
  const minted = mintToken({ secret: "short", rooms: {} });
  expect(minted).rejects.toThrow("A secret needs 32 bytes.");
});
