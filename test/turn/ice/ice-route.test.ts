import { describe, expect, test } from "bun:test";
import { cors } from "hono/cors";
import { ApiAccess } from "../../../src/api/api-access.ts";
import { createApi } from "../../../src/api/create-api.ts";
import { RequestCount } from "../../../src/api/request-count.ts";
import type { Denial } from "../../../src/auth/authorizer.ts";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { LimitedLog } from "../../../src/ops/limited-log.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { iceRoute } from "../../../src/turn/ice/ice-route.ts";
import type { IceClient } from "../../../src/turn/ice/ice-servers.ts";
import { denied, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

const list = { iceServers: [{ urls: ["turn:192.0.2.1:3478"], username: "1:ann", credential: "c" }], ttl: 3_600 };

function setUp() {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const authorizer = new FakeAuthorizer();
  const addresses = new CountedAddresses();
  const limits = { ...defaultLimits, iceBurst: 2, iceRequestsPerSecond: 1 };
  const clients: IceClient[] = [];
  const iceServers = {
    listFor: (client: IceClient) => {
      clients.push(client);
      return list;
    },
  };
  const { events, log } = recordedLog();
  const api = createApi([iceRoute({ authorizer, iceServers, addresses, limits, clock })], {
    access: new ApiAccess({
      authorizer,
      administration: { refuse: async () => denied },
      keys: { find: () => undefined },
      isAtHome: () => false,
      refused: () => {},
    }),
    addresses,
    limits,
    clock,
    metrics,
    cors: cors({ origin: ["https://app.example"] }),
    limitedLog: new LimitedLog(log, clock),
    version: "1",
    requests: new RequestCount(),
    isStopping: () => false,
  });
  const ask = async (query: string, headers: Record<string, string> = {}, remoteAddress = "192.0.2.1") => {
    const response = await api.request(`/ice${query}`, { headers }, { remoteAddress });
    return { status: response.status, headers: response.headers, body: Object(await response.json()) };
  };
  const bounds = async () => (await metrics.bounds.get()).values.map(({ labels, value }) => [labels.bound, value]);
  return { ask, authorizer, bounds, clients, clock, events };
}

describe("GET /ice", () => {
  test("lists the servers for a client that may enter the room, keeps no permission, and forbids storing the answer", async () => {
    const { ask, authorizer, clients } = setUp();
    authorizer.decide("reader", "read");
    const { status, headers, body } = await ask("?room=a%2Fb&token=reader", { origin: "https://app.example" });
    expect([status, body]).toEqual([200, list]);
    expect([headers.get("content-type"), headers.get("cache-control")]).toEqual(["application/json", "no-store"]);
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(authorizer.requests).toMatchObject([
      {
        ...{ kind: "signaling", room: "a/b", token: "reader" },
        ...{ remoteAddress: "192.0.2.1", origin: "https://app.example" },
      },
    ]);
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
    expect(clients).toEqual([{ user: undefined, remoteAddress: "192.0.2.1" }]);
  });

  test("takes the token from Authorization as well, and asks about a document on request", async () => {
    const { ask, authorizer } = setUp();
    await ask("?room=r&kind=sync", { authorization: "Bearer mine" });
    expect(authorizer.requests).toMatchObject([{ kind: "sync", room: "r", token: "mine" }]);
  });

  test.each<[status: number, code: string, denial: Denial, challenge: string | null, retryAfter: string | null]>([
    [401, "unauthorized", denied, "Bearer", null],
    [401, "unauthorized", { ...denied, code: "expired" }, "Bearer", null],
    [401, "unauthorized", { ...denied, kind: "early", code: "not-yet-valid" }, "Bearer", "5"],
    [403, "forbidden", { ...denied, kind: "forbidden", code: "wrong-room" }, null, null],
    [503, "authorization-unavailable", { ...denied, kind: "unavailable", code: "unavailable" }, null, "5"],
  ])("is answered with %i %s for %j", async (status, code, denial, challenge, retryAfter) => {
    const { ask, authorizer, clients } = setUp();
    authorizer.decide("bad", denial);
    const { status: given, headers, body } = await ask("?room=r&token=bad");
    expect([given, body]).toEqual([status, expect.objectContaining({ code, status })]);
    expect([headers.get("www-authenticate"), headers.get("retry-after")]).toEqual([challenge, retryAfter]);
    expect([headers.get("content-type"), headers.get("cache-control")]).toEqual([
      "application/problem+json",
      "no-store",
    ]);
    expect(clients).toEqual([]);
  });

  test.each([
    ["", "room", "the name is empty"],
    ["?room=a%00", "room", "the name contains a control character"],
    ["?room=a&kind=other", "kind", "give signaling or sync"],
  ])("%j is no question", async (query, pointer, detail) => {
    const { ask, authorizer } = setUp();
    const { status, body } = await ask(query);
    expect([status, body.code, body.errors]).toEqual([400, "invalid-request", [{ pointer, detail }]]);
    expect(authorizer.requests).toEqual([]);
  });

  test("is answered so often for one address, and always for this machine", async () => {
    const { ask, bounds, clock } = setUp();
    const statuses = async (address: string) =>
      (await Promise.all([1, 2, 3].map(() => ask("?room=r", {}, address)))).map(({ status }) => status);
    expect(await statuses("192.0.2.1")).toEqual([200, 200, 429]);
    expect(await statuses("192.0.2.2")).toEqual([200, 200, 429]);
    expect(await statuses("127.0.0.1")).toEqual([200, 200, 200]);
    expect(await bounds()).toEqual([["limits.ice-requests-per-second", 2]]);
    const { body, headers } = await ask("?room=r");
    expect([body.code, headers.get("retry-after")]).toEqual(["rate-limited", "1"]);
    clock.advance(1_000);
    expect((await ask("?room=r")).status).toBe(200);
  });

  test("of an authorizer that fails is answered as a failure of the server, and lists nothing", async () => {
    const { ask, authorizer, clients, events } = setUp();
    authorizer.fail(new Error("broken"));
    expect((await ask("?room=r")).status).toBe(500);
    expect(clients).toEqual([]);
    expect(events).toMatchObject([{ event: "api-request-failed", operation: "listIceServers" }]);
  });
});
