import { expect, test } from "bun:test";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const none = { iceServers: [], ttl: expect.any(Number) };

async function ask(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
}

test("without TURN the list is empty for every client", async () => {
  await using server = await startTestServer();
  expect(await ask(`${server.url}/ice?room=r`)).toEqual([200, none]);
  expect(await ask(`${server.url}/ice?room=r&kind=sync`)).toEqual([200, none]);
});

test("a server that does only signaling lists them, too, also below a path", async () => {
  await using server = await startTestServer({ syncEnabled: false, basePath: "/collab-server" });
  expect(await ask(`${server.url}/collab-server/ice?room=r`)).toEqual([200, none]);
  expect(await ask(`${server.url}/ice/?room=r`)).toEqual([200, none]);
});

test("a room token gives the list for its rooms only, and as long as it is valid", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  const rooms = { "notes/*": "read" } as const;
  const token = await tokenFor(rooms, { sub: "ann" });
  const expired = await tokenFor(rooms, { exp: Date.now() / 1_000 - 61 });
  const asked = async (query: string, bearer?: string) => {
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const response = await fetch(`${server.url}/ice${query}`, { headers });
    const { code, denial } = Object(await response.json());
    return [response.status, code, denial];
  };
  expect(await asked(`?room=notes/7&token=${token}`)).toEqual([200, undefined, undefined]);
  expect(await asked("?room=notes/7", token)).toEqual([200, undefined, undefined]);
  expect(await asked("?room=other", token)).toEqual([403, "forbidden", "wrong-room"]);
  expect(await asked("?room=notes/7", expired)).toEqual([401, "unauthorized", "expired"]);
  expect(await asked("?room=notes/7")).toEqual([401, "unauthorized", "no-token"]);
  expect(await asked("?room=notes/7", "yk_unknown")).toEqual([401, "unauthorized", "malformed-token"]);
});

test("with TURN each user has credentials of their own, which do not reveal the user", async () => {
  await using server = await startTestServer({ turn: {}, auth: { mode: "token", secrets: [secret] } });
  const listFor = async (sub: string) => {
    const token = await tokenFor({ room: "read" }, { sub });
    const [status, body] = await ask(`${server.url}/ice?room=room&token=${token}`);
    expect([status, body]).toEqual([
      200,
      {
        iceServers: [
          { urls: [expect.stringMatching(/^stun:127\.0\.0\.1:\d+$/)] },
          {
            urls: [expect.stringContaining("?transport=udp"), expect.stringContaining("?transport=tcp")],
            username: expect.stringMatching(/^\d{10}:[\w-]{16}$/),
            credential: expect.any(String),
          },
        ],
        ttl: 3_600,
      },
    ]);
    return String(Object(body).iceServers[1].username).replace(/^\d+:/, "");
  };
  expect(await listFor("ann")).toBe(await listFor("ann"));
  expect(await listFor("ann")).not.toBe(await listFor("ben"));
});

test("a page of another origin learns nothing from an open server on this machine", async () => {
  await using server = await startTestServer();
  const { status } = await fetch(`${server.url}/ice?room=r`, { headers: { origin: "https://evil.example" } });
  expect(status).toBe(403);
});
