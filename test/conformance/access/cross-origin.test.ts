import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const app = "https://app.example";
const evil = "https://evil.example";

/** The HTTP requests of clients, each in its own protocol. */
const requests: readonly (readonly [path: string, init: RequestInit])[] = [
  ["/peerjs", {}],
  ["/peerjs/peerjs/id", {}],
  ["/api/signaling/status", {}],
  ["/api/health", {}],
  ["/api/stats", {}],
  ["/api/rooms", {}],
  ["/api/validate?kind=sync&room=room", {}],
  ["/ice?room=room", {}],
  ["/api/auth/token", { method: "POST", body: JSON.stringify({ userId: "ada", roomId: "room" }) }],
  ["/socket.io/?EIO=4&transport=polling", {}],
];

async function readerOf(server: TestServer, path: string, init: RequestInit): Promise<string | null> {
  const { headers } = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return headers.get("access-control-allow-origin");
}

describe("with a list of allowed origins", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ host: "0.0.0.0", origins: [app] });
  });

  afterAll(() => server.stop());

  test.each(requests)(
    "%s is answered to pages of the list, before and after a preflight, and to no others",
    async (path, init) => {
      for (const [origin, reader] of [
        [app, app],
        [evil, null],
      ] as const) {
        expect(await readerOf(server, path, { ...init, headers: { origin } })).toBe(reader);
        const headers = { origin, "access-control-request-method": init.method ?? "GET" };
        expect(await readerOf(server, path, { method: "OPTIONS", headers })).toBe(reader);
      }
    },
  );

  test.each(["/signal", "/sync/room", "/collab", "/peerjs/peerjs?key=peerjs&id=a&token=b"])(
    "only pages of the list, the server's own pages and programs connect to %s",
    async (path) => {
      const isOpen = async (origin: string | undefined) => {
        const client = await RawClient.connect(`ws://127.0.0.1:${server.port}${path}`, {
          headers: { ...(origin !== undefined && { origin }) },
        });
        const { closed } = client;
        if (closed === undefined) await client.close();
        return closed === undefined;
      };
      const tries = [app, `http://127.0.0.1:${server.port}`, undefined, evil, "null"];
      expect(await Promise.all(tries.map(isOpen))).toEqual([true, true, true, false, false]);
    },
  );
});

test.each(["0.0.0.0", "127.0.0.1"])(
  "without a list of allowed origins, on %s, every page that may connect may read the answers",
  async (host) => {
    await using server = await startTestServer({ host });
    const origin = host === "0.0.0.0" ? evil : "http://localhost:5173";
    for (const [path, init] of requests) {
      expect(await readerOf(server, path, { ...init, headers: { origin } })).toBe("*");
    }
  },
);
