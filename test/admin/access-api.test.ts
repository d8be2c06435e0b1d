import { describe, expect, test } from "bun:test";
import { cors } from "hono/cors";
import { type AccessApiOptions, createAccessApi, type RevocationOrder } from "../../src/admin/access-api.ts";
import type { Denial } from "../../src/auth/authorizer.ts";
import type { TokenContents } from "../../src/auth/token/token-contents.ts";
import type { TokenOrder } from "../../src/auth/token-order.ts";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { denied, FakeAuthorizer } from "../support/fakes/fake-authorizer.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const noAdmin: Denial = { granted: false, kind: "forbidden", code: "not-admin", reason: "no administrator" };
const noToken: Denial = { granted: false, kind: "unauthorized", code: "no-token", reason: "no token" };

const emptyToken: TokenContents = {
  user: undefined,
  rooms: new Map(),
  isAdmin: false,
  tokenId: undefined,
  issuer: undefined,
  audience: undefined,
  issuedAt: undefined,
  notBefore: undefined,
  expiresAt: undefined,
  invalidClaims: [],
};

// The body of an answer whose members the tests read one by one.
async function bodyOf(response: Response): Promise<Record<string, unknown> | undefined> {
  return response.json().then(
    (body) => Object(body),
    () => undefined,
  );
}

function setUp(changed: Partial<AccessApiOptions> = {}) {
  const authorizer = new FakeAuthorizer();
  const clock = new FakeClock();
  const metrics = createMetrics();
  const orders: TokenOrder[] = [];
  const revocations: RevocationOrder[] = [];
  const api = createAccessApi({
    authorizer,
    administration: {
      refuse: async ({ headers }) => {
        const authorization = headers.get("authorization");
        if (authorization === null) return noToken;
        return authorization === "Bearer admin" ? undefined : noAdmin;
      },
    },
    mint: async (order) => {
      orders.push(order);
      return { token: "minted", expiresAt: clock.now() + order.lifetimeMs };
    },
    revoke: async (order) => {
      revocations.push(order);
      return { ended: 3, until: 5 };
    },
    readToken: () => undefined,
    whyOriginRefused: () => undefined,
    cors: cors({ origin: ["https://app.example"] }),
    addresses: new CountedAddresses(),
    limits: { ...defaultLimits, validationBurst: 2, validationsPerSecond: 1 },
    clock,
    metrics,
    ...changed,
  });
  const ask = async (path: string, init: RequestInit = {}, remoteAddress = "192.0.2.1") => {
    const response = await api.request(path, init, { remoteAddress });
    return { status: response.status, headers: response.headers, body: await bodyOf(response) };
  };
  const post = (path: string, body: unknown, token: string | null = "admin") =>
    ask(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
  /** The number of times that clients have met each bound. */
  const bounds = async () => {
    const { values } = await metrics.bounds.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.bound, value]));
  };
  return { authorizer, clock, orders, revocations, ask, post, bounds };
}

describe("GET /api/validate", () => {
  test("tells what a token may do, and keeps nothing", async () => {
    const { authorizer, ask } = setUp();
    authorizer.decide("reader", "read");
    const { status, headers, body } = await ask("/api/validate?room=a%2Fb&kind=signaling&token=reader", {
      headers: { origin: "https://app.example" },
    });
    expect([status, body]).toEqual([200, { granted: true, access: "read" }]);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(authorizer.requests[0]).toMatchObject({
      kind: "signaling",
      room: "a/b",
      token: "reader",
      remoteAddress: "192.0.2.1",
      origin: "https://app.example",
    });
    expect(authorizer.grants[0]?.isReleased).toBe(true);
  });

  test("takes the token from Authorization as well, and asks about documents by default", async () => {
    const { authorizer, ask } = setUp();
    await ask("/api/validate?room=r", { headers: { authorization: "Bearer mine" } });
    expect(authorizer.requests[0]).toMatchObject({ kind: "sync", token: "mine" });
  });

  test("tells what the token says and whether the origin may connect, which it asks the authorizer about", async () => {
    const asked: unknown[] = [];
    const { authorizer, ask } = setUp({
      readToken: (token) => (token === "sent" ? { ...emptyToken, user: "ann", invalidClaims: ["exp"] } : undefined),
      whyOriginRefused: (...about) => {
        asked.push(about);
        return "No.";
      },
    });
    authorizer.decide("sent", denied);
    const { body } = await ask("/api/validate?room=r&token=sent&origin=HTTPS://Evil.example:443/", {
      headers: { origin: "https://app.example", host: "yurt.example" },
    });
    expect(body).toMatchObject({
      granted: false,
      token: { user: "ann", rooms: {}, admin: false, invalidClaims: ["exp"] },
      origin: { origin: "https://evil.example", allowed: false, reason: "No." },
    });
    expect(asked).toEqual([["https://evil.example", "yurt.example"]]);
    expect(authorizer.requests[0]).toMatchObject({ token: "sent", origin: "https://evil.example" });
  });

  test.each([
    [denied, 401, 4401, "Bearer", null],
    [{ ...denied, kind: "forbidden", code: "wrong-room" } as const, 403, 4403, null, null],
    [{ ...denied, kind: "expired", code: "expired" } as const, 401, 4501, "Bearer", "5"],
    [{ ...denied, kind: "early", code: "not-yet-valid" } as const, 401, 4503, "Bearer", "5"],
    [{ ...denied, kind: "unavailable", code: "unavailable" } as const, 503, 1013, null, "5"],
  ])("says why not: %j", async (denial, status, closeCode, challenge, retryAfter) => {
    const { authorizer, ask } = setUp();
    authorizer.decide("bad", denial);
    const answer = await ask("/api/validate?room=r&token=bad");
    const { kind, code, reason } = denial;
    expect([answer.status, answer.body]).toEqual([status, { granted: false, kind, code, reason, closeCode }]);
    expect([answer.headers.get("www-authenticate"), answer.headers.get("retry-after")]).toEqual([
      challenge,
      retryAfter,
    ]);
  });

  test.each([
    ["/api/validate", "room: the name is empty"],
    ["/api/validate?room=a%00", "room: the name contains a control character"],
    ["/api/validate?room=a&kind=other", "kind: give sync or signaling"],
    ["/api/validate?room=a&origin=app.example", "origin: give an origin, such as https://app.example.com"],
    ["/api/validate?room=a&origin=https://app.example/path", "origin: give an origin, such as https://app.example.com"],
  ])("%s is no question", async (path, error) => {
    const { status, body } = await setUp().ask(path);
    expect([status, body]).toEqual([400, { error }]);
  });

  test("answers one address so often, and this machine always", async () => {
    const { ask, bounds, clock } = setUp();
    const statuses = async (address: string) => {
      const answers = [1, 2, 3].map(() => ask("/api/validate?room=r", {}, address));
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses("192.0.2.1")).toEqual([200, 200, 429]);
    expect(await statuses("192.0.2.2")).toEqual([200, 200, 429]);
    expect(await statuses("127.0.0.1")).toEqual([200, 200, 200]);
    expect(await bounds()).toEqual({ "limits.validations-per-second": 2 });
    clock.advance(1_000);
    expect((await ask("/api/validate?room=r")).status).toBe(200);
  });
});

describe.each(["/api/tokens", "/api/revocations"])("POST %s", (path) => {
  test("is for administrators alone", async () => {
    const { post, orders, revocations } = setUp();
    const nobody = await post(path, {}, null);
    expect([nobody.status, nobody.body?.["code"], nobody.headers.get("www-authenticate")]).toEqual([
      401,
      "no-token",
      "Bearer",
    ]);
    const user = await post(path, {}, "user");
    expect([user.status, user.body?.["code"]]).toEqual([403, "not-admin"]);
    expect([orders, revocations]).toEqual([[], []]);
  });

  test.each(["", "[]", "null", "{", '{"unknown":1}'])("takes no %j", async (body) => {
    const { post } = setUp();
    const { status, body: answer } = await post(path, body);
    expect([status, typeof answer?.["error"]]).toEqual([400, "string"]);
  });

  test("takes no more than 64 KiB", async () => {
    const { post, orders, revocations } = setUp();
    expect((await post(path, { user: "x".repeat(70_000) })).status).toBe(413);
    expect([orders, revocations]).toEqual([[], []]);
  });
});

describe("POST /api/tokens", () => {
  test("mints what is ordered, whatever the rooms are called", async () => {
    const { post, orders } = setUp();
    const order = '{"rooms":{"notes/*":"write","__proto__":"read"},"user":"ann","ttl":"2h","admin":true}';
    const { status, body } = await post("/api/tokens", order);
    expect([status, body]).toEqual([201, { token: "minted", expiresAt: 1_700_007_200_000 }]);
    expect(orders).toEqual([
      {
        rooms: new Map([
          ["notes/*", "write"],
          ["__proto__", "read"],
        ]),
        user: "ann",
        isAdmin: true,
        lifetimeMs: 7_200_000,
      },
    ]);
  });

  test("mints nothing that is too long to be shown", async () => {
    const { status, body } = await setUp({ mint: async () => "too-long" }).post("/api/tokens", {
      rooms: { a: "read" },
    });
    expect([status, body]).toEqual([400, { error: "the token would be longer than tokens may be: name fewer rooms" }]);
  });

  test("has defaults: an hour, for nobody by name, who does not administer", async () => {
    const { post, orders } = setUp();
    await post("/api/tokens", { rooms: { r: "read" } });
    await post("/api/tokens", { rooms: { r: "read" }, ttl: 60 });
    expect(orders.map(({ user, isAdmin, lifetimeMs }) => [user, isAdmin, lifetimeMs])).toEqual([
      [undefined, false, 3_600_000],
      [undefined, false, 60_000],
    ]);
  });

  test.each([
    [{ rooms: { r: "admin" } }, /^rooms: give read or write$/],
    [{ rooms: [] }, /^rooms: give an object$/],
    [{ rooms: { "": "read" } }, /^rooms: give a text of 1 to 1024 characters$/],
    [{ admin: "yes" }, /^admin: give true or false$/],
    [{ admin: true, role: "owner" }, /^role: unknown member$/],
    [null, /^give a JSON object$/],
    [{ ttl: [], admin: true }, /^ttl: give 90s/],
    [{ ttl: "soon", admin: true }, /^ttl: give 90s/],
    [{ ttl: 0, admin: true }, /^ttl/],
    [{ ttl: "367d", admin: true }, /^ttl: longer than limits.token-ms/],
    [{ user: "", admin: true }, /^user: give a text of 1 to 1024 characters$/],
    [{ user: "ann" }, /^name rooms, or admin/],
  ])("takes no %j", async (order, error) => {
    const { post, orders } = setUp();
    const { status, body } = await post("/api/tokens", order);
    expect([status, orders]).toEqual([400, []]);
    expect(body?.["error"]).toMatch(error);
  });
});

describe("POST /api/revocations", () => {
  test("revokes what is named, and tells how many memberships have ended", async () => {
    const { post, revocations } = setUp();
    const { status, body } = await post("/api/revocations", { user: "ann", expiresAt: 1_700_000_000_000 });
    expect([status, body]).toEqual([201, { ended: 3, until: 5 }]);
    await post("/api/revocations", { room: "notes/**", tokenId: "id" });
    expect(revocations).toEqual([
      { user: "ann", until: 1_700_000_000_000 },
      { room: "notes/**", tokenId: "id", until: undefined },
    ]);
  });

  test("takes none that names nothing, and no seconds for milliseconds", async () => {
    const { post, revocations } = setUp();
    const orders = [
      {},
      { user: "" },
      { user: "", room: "**" },
      { tokenId: "" },
      { user: "ann", expiresAt: 1_700_000_000 },
    ];
    for (const order of orders) {
      expect((await post("/api/revocations", order)).status).toBe(400);
    }
    expect(revocations).toEqual([]);
  });

  test("says when no more can be remembered, and when there is nothing to revoke", async () => {
    const full = setUp({ revoke: async () => "full" });
    expect((await full.post("/api/revocations", { user: "a" })).status).toBe(507);
    expect(await full.bounds()).toEqual({ "limits.revocations": 1 });
    expect((await setUp({ revoke: undefined }).post("/api/revocations", { user: "a" })).status).toBe(409);
  });

  test("says when it is in force and not on the disk", async () => {
    const { status, body, headers } = await setUp({ revoke: async () => "not-kept" }).post("/api/revocations", {
      user: "a",
    });
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    expect(body?.["error"]).toMatch(/^revoked on this server until it is restarted/);
  });
});
