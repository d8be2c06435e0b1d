import { describe, expect, test } from "bun:test";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { MailBudget } from "../../../src/signaling/mail-budget.ts";
import { PeerJsNamespace } from "../../../src/signaling/peerjs/namespace.ts";
import { peerjs } from "../../../src/signaling/peerjs/protocol.ts";
import { Quotas } from "../../../src/signaling/quotas.ts";
import { originPolicyOf } from "../../../src/transport/admission/origin-policy.ts";
import { createHttp } from "../../../src/transport/http.ts";
import { administration, asAdministrator } from "../../support/clients/http-callers.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

interface Changed {
  readonly key?: string;
  readonly discoveryEnabled?: boolean;
  readonly isForCompatibility?: boolean;
}

function serve({ isForCompatibility = false, ...changed }: Changed = {}) {
  const parts = { clock: new FakeClock(), limits: defaultLimits, log: recordedLog().log, metrics: createMetrics() };
  const namespace = new PeerJsNamespace({
    mailBudget: new MailBudget({ limitBytes: 1e6, addresses: new CountedAddresses() }),
    ...parts,
  });
  const protocol = peerjs({
    key: "peerjs",
    discoveryEnabled: false,
    namespace,
    authorizer: openAuthorizer,
    administration,
    quotas: new Quotas({ addresses: new CountedAddresses(), ...parts }),
    ...parts,
    ...changed,
  });
  const http = createHttp({
    protocols: [protocol],
    originPolicy: originPolicyOf("0.0.0.0", []),
    isForCompatibility,
    whyNotReady: () => [],
    assets: async () => undefined,
    routes: [],
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { origin: "https://app.example", ...init.headers };
    const response = await http.request(path, { ...init, headers });
    return { response, body: await response.text() };
  };
  return { protocol, namespace, ask };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("GET", () => {
  test.each(["/peerjs", "/peerjs/"])("%s says which server this is, to every origin", async (path) => {
    const { response, body } = await serve().ask(path);
    expect(JSON.parse(body)).toEqual({
      name: "PeerJS Server",
      description: expect.any(String),
      website: expect.any(String),
    });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("…/id is a new UUID each time, as text, to every origin", async () => {
    const { ask } = serve();
    const answers = await Promise.all([1, 2].map(() => ask("/peerjs/peerjs/id?ts=1&version=1.5.5")));
    for (const { response, body } of answers) {
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toStartWith("text/plain");
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(body).toMatch(uuid);
    }
    expect(answers[0]?.body).not.toBe(answers[1]?.body);
  });

  test("…/id with a wrong key is refused, readable from every origin", async () => {
    const { response, body } = await serve({ key: "mine" }).ask("/peerjs/peerjs/id");
    expect([response.status, body]).toEqual([401, "Invalid key provided"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("…/id is answered for a key with a token behind it, and for no other key", async () => {
    const { ask } = serve();
    expect((await ask("/peerjs/peerjs&access_token=a.b-c_d/id")).body).toMatch(uuid);
    expect((await ask("/peerjs/other&peerjs/id")).response.status).toBe(401);
  });

  test("…/peers is refused by default, and with a wrong key", async () => {
    for (const [server, path] of [
      [serve(), "/peerjs/peerjs/peers"],
      [serve({ discoveryEnabled: true }), "/peerjs/other/peers"],
    ] as const) {
      const { response, body } = await server.ask(path);
      expect([response.status, body]).toEqual([401, "Unauthorized"]);
    }
  });

  test("…/peers lists the connected clients where that is enabled", async () => {
    const { ask, namespace } = serve({ discoveryEnabled: true });
    for (const id of ["alice", "bob"]) namespace.join({ id, token: "t", connection: new FakeConnection(id) });
    const { response, body } = await ask("/peerjs/peerjs/peers");
    expect(JSON.parse(body)).toEqual(["alice", "bob"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("…/peers lists them to administrators, who name the key as well", async () => {
    const { ask, namespace } = serve();
    namespace.join({ id: "alice", token: "t", connection: new FakeConnection("alice") });
    const init = { headers: asAdministrator };
    expect((await ask("/peerjs/peerjs/peers", init)).body).toBe('["alice"]');
    expect((await ask("/peerjs/other/peers", init)).response.status).toBe(401);
  });

  test("a path that PeerJS does not have is not found", async () => {
    const { response } = await serve().ask("/peerjs/peerjs/secrets");
    expect(response.status).toBe(404);
  });
});

test("a preflight is answered, other methods are not allowed", async () => {
  const { ask } = serve();
  const headers = { "access-control-request-method": "GET", "access-control-request-headers": "x-app" };
  const preflight = await ask("/peerjs/peerjs/id", { method: "OPTIONS", headers });
  expect(preflight.response.status).toBe(204);
  expect(preflight.response.headers.get("access-control-allow-headers")).toBe("x-app");
  expect((await ask("/peerjs/peerjs/id", { method: "POST" })).response.status).toBe(405);
});

test("the WebSocket is /peerjs/peerjs, on the compatibility ports also /peerjs, and nothing else", () => {
  const { protocol } = serve();
  const candidates = ["/", "/peerjs", "/peerjs/", "/peerjs/peerjs", "/peerjs/peerjs/", "/peerjs/peerjs/id", "/signal"];
  const url = (path: string) => new URL(`${path}?key=peerjs&id=a&token=b`, "ws://localhost");
  expect(candidates.filter((path) => protocol.match(url(path)))).toEqual(["/peerjs/peerjs"]);
  expect(candidates.filter((path) => protocol.compatibility?.match(url(path)))).toEqual(["/peerjs"]);
});

test("on the compatibility ports the routes are also those of PeerJS' own server", async () => {
  const { ask } = serve({ isForCompatibility: true });
  expect((await ask("/peerjs/id")).body).toMatch(uuid);
  expect((await ask("/peerjs/peerjs/id")).body).toMatch(uuid);
  expect(JSON.parse((await ask("/")).body)).toMatchObject({ name: "PeerJS Server" });
  expect((await serve().ask("/")).response.status).toBe(404);
});
