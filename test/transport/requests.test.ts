import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import type { Engine } from "../../src/transport/engine.ts";
import { handshake } from "../support/clients/handshake.ts";
import { eventually } from "../support/eventually.ts";
import { type Client, join, listen, type TestListener } from "../support/servers/test-listener.ts";

function ask({ listener }: TestListener, path: string, init: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${listener.port}${path}`, { redirect: "manual", ...init });
}

describe("a path", () => {
  test.each(["/test/", "//test", "/test//"])("is found as %s by sockets", async (path) => {
    await using server = listen();
    await join(`ws://127.0.0.1:${server.listener.port}${path}`);
    expect(server.events).toEqual(["open"]);
  });

  test("reaches routes and sockets with and without the base path", async () => {
    await using server = listen({ basePath: "/yurt" });
    for (const path of ["/yurt/page", "/page", "//yurt//page/"]) {
      expect(await (await ask(server, path)).text()).toBe("http /page");
    }
    for (const path of ["/yurt/test", "/test", "/yurt//test/"]) {
      await join(`ws://127.0.0.1:${server.listener.port}${path}?token=1`);
    }
    expect(server.events).toEqual(["open", "open", "open"]);
  });

  test("that is the base path without its slash is redirected, so that a page's relative links work", async () => {
    await using server = listen({ basePath: "/a/yurt" });
    const { status, headers } = await ask(server, "/a/yurt?room=1");
    expect([status, headers.get("location")]).toEqual([308, "./yurt/?room=1"]);
    expect(await (await ask(server, "/a/yurt/?room=1")).text()).toBe("http /");
  });

  test("keeps the body and the method of a request", async () => {
    const seen: string[] = [];
    const engine: Engine = {
      match: ({ pathname }) => pathname === "/engine",
      answer: async (request) => {
        seen.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
        return new Response("answered");
      },
    };
    await using server = listen({ engine, basePath: "/yurt" });
    expect(await (await ask(server, "/yurt/engine/", { method: "POST", body: "packet" })).text()).toBe("answered");
    expect(seen).toEqual(["POST /engine packet"]);
  });

  test("without a WebSocket is refused with 404 and logged, without query and token", async () => {
    await using server = listen();
    const response = await ask(server, "/yurt/test&token=secret?token=secret", handshake());
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.stringContaining('No WebSocket is served on this path, "/yurt/test".'),
    ]);
    expect(server.logged).toEqual([
      { level: "warn", event: "path-refused", path: "/yurt/test", remedy: expect.stringContaining("--base-path") },
    ]);
    expect(await server.refusedUpgradesFor("path")).toBe(1);
  });
});

describe("a handshake", () => {
  const broken = [
    [{ upgrade: undefined, connection: "close" }, 426, "the header Upgrade is missing"],
    [{ connection: "close" }, 426, "the header Connection does not name Upgrade"],
    [{ "sec-websocket-key": undefined }, 400, "the header Sec-WebSocket-Key is missing"],
    [{ "sec-websocket-key": "x" }, 400, "the header Sec-WebSocket-Key is not 16 bytes in base64"],
    [{ "sec-websocket-version": "8" }, 426, "the header Sec-WebSocket-Version is not 13"],
  ] as const;

  test.each(broken)("with %p is answered %i on every path and port, and logged", async (changed, status, fault) => {
    const engine: Engine = {
      match: ({ pathname }) => pathname === "/engine",
      answer: () => {
        throw new Error("not asked");
      },
    };
    await using server = listen({ engine, compatibility: { match: () => true } }, {}, [0]);
    const [compatible = 0] = server.listener.compatibilityPorts;
    const targets = [
      [server.listener.port, "/test"],
      [server.listener.port, "/engine"],
      [compatible, "/test"],
      [compatible, "/engine"],
      [compatible, "/"],
    ] as const;
    for (const [port, path] of targets) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, handshake(changed));
      expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(fault)]);
    }
    expect(server.logged).toHaveLength(targets.length);
    expect(server.logged[0]).toMatchObject({ level: "warn", event: "handshake-refused", path: "/test", fault });
    expect(await server.refusedUpgradesFor("handshake")).toBe(targets.length);
    expect(server.events).toEqual([]);
  });

  test("over HTTP/1.0 is answered with the reason too", async () => {
    await using server = listen();
    const socket = connect(server.listener.port, "127.0.0.1");
    const headers = "Host: localhost\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    socket.write(`GET /test HTTP/1.0\r\n${headers}Connection: close\r\n\r\n`);
    const [answer] = await once(socket, "data");
    socket.destroy();
    expect(String(answer)).toStartWith("HTTP/1.1 426 ");
    expect(String(answer)).toContain("the header Upgrade is missing");
  });

  test("for another protocol than WebSocket is read as a plain request", async () => {
    const seen: unknown[] = [];
    const engine: Engine = {
      match: ({ pathname }) => pathname === "/engine",
      answer: async ({ headers }) => {
        seen.push(headers.get("upgrade"));
        return new Response("answered");
      },
    };
    await using server = listen({ engine });
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" };
    expect((await ask(server, "/engine", { headers })).status).toBe(200);
    expect(await (await ask(server, "/test", { headers })).text()).toBe("http /test");
    expect(seen).toEqual([null]);
  });

  test("that an engine may not complete any more is refused with 503", async () => {
    const engine: Engine = {
      match: ({ pathname }) => pathname === "/engine",
      answer: async (_, { upgrade }) => {
        await join(server.url);
        const idle = { receive: () => {}, closed: () => {} };
        const isUpgraded = upgrade(
          { name: "late", frameBytes: 1, frameBytesOption: "limits.late", match: () => false, open: () => idle },
          new Headers(),
        );
        return isUpgraded ? undefined : new Response(null, { status: 500 });
      },
    };
    await using server: TestListener = listen({ engine }, { connections: 1 });
    expect((await ask(server, "/engine", handshake())).status).toBe(503);
  });
});

describe("a refused Host or Origin", () => {
  test("is logged with the remedy, and counted if it asked for a WebSocket", async () => {
    await using server = listen();
    const port = server.listener.port;
    expect((await ask(server, "/", { headers: { host: "collab.example" } })).status).toBe(403);
    expect((await ask(server, "/test", handshake({ origin: "https://evil.example" }))).status).toBe(403);
    expect(server.logged).toEqual([
      {
        level: "warn",
        event: "host-refused",
        host: "collab.example",
        remedy: expect.stringContaining("--public-url"),
      },
      {
        level: "warn",
        event: "origin-refused",
        origin: "https://evil.example",
        host: `127.0.0.1:${port}`,
        remedy: expect.stringContaining("--auth-origins"),
      },
    ]);
    expect([await server.refusedUpgradesFor("host"), await server.refusedUpgradesFor("origin")]).toEqual([0, 1]);
  });

  test("of an unlisted page is logged on a listener for other machines", async () => {
    await using server = listen({ host: "0.0.0.0", origins: ["https://app.example"] });
    expect((await ask(server, "/test", handshake({ origin: "null" }))).status).toBe(403);
    expect(server.logged).toMatchObject([{ event: "origin-refused", origin: "null" }]);
  });
});

describe("a listener on localhost", () => {
  test("serves both loopback addresses on the same port, and on each compatibility port", async () => {
    await using server = listen({ host: "localhost" }, {}, [0]);
    const { port, compatibilityPorts } = server.listener;
    expect(compatibilityPorts).toHaveLength(1);
    const clients: Client[] = [];
    for (const each of [port, ...compatibilityPorts]) {
      for (const address of ["127.0.0.1", "[::1]", "localhost"]) {
        clients.push(await join(`ws://${address}:${each}/test`));
      }
    }
    expect(new Set(server.connections.map(({ id }) => id)).size).toBe(6);
    const channel = server.channels.open();
    for (const connection of server.connections) channel.join(connection);
    channel.publish("to both families");
    await eventually("heard", () => clients.every(({ heard }) => heard.length === 1));
  });
});

describe("a listener on ::", () => {
  test("serves both families, and this machine has no limit for its addresses in either", async () => {
    await using server = listen({ host: "::" }, { connectionsPerAddress: 1, addressUpgradeBurst: 1 });
    for (const address of ["127.0.0.1", "[::1]"]) {
      for (let count = 0; count < 3; count += 1) await join(`ws://${address}:${server.listener.port}/test`);
    }
    expect(server.connections.map(({ remoteAddress }) => remoteAddress)).toEqual([
      ...Array(3).fill("127.0.0.1"),
      ...Array(3).fill("::1"),
    ]);
  });

  test("accepts the addresses of an IPv4 proxy", async () => {
    await using server = listen({ host: "::", proxies: ["127.0.0.0/8"] });
    const headers = { "x-forwarded-for": "198.51.100.7" };
    const socket = new WebSocket(server.url, { headers });
    await once(socket, "open");
    expect(server.connections.map(({ remoteAddress }) => remoteAddress)).toEqual(["198.51.100.7"]);
    socket.close();
  });
});
