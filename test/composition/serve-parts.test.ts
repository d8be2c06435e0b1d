import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { pino } from "pino";
import type { Part } from "../../src/composition/part.ts";
import { type ServedParts, serveParts } from "../../src/composition/serve-parts.ts";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { AddressRanges } from "../../src/lib/address/address-ranges.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { systemClock } from "../../src/lib/time/clock.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { originPolicyOf } from "../../src/transport/admission/origin-policy.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { NativeChannels } from "../../src/transport/native-channel.ts";
import type { HttpEnvironment, Protocol } from "../../src/transport/protocol.ts";
import { handshake } from "../support/clients/handshake.ts";
import { testShares } from "../support/test-shares.ts";

function serve(...parts: readonly Part[]): ServedParts {
  return serveAt(undefined, parts);
}

function serveAt(publicUrl: URL | undefined, parts: readonly Part[]): ServedParts {
  return serveParts(parts, {
    host: "127.0.0.1",
    port: 0,
    compatibilityPorts: [],
    basePath: "",
    originPolicy: originPolicyOf("127.0.0.1", [], { publicUrl }),
    proxies: new AddressRanges([]),
    metricsAddress: undefined,
    addresses: new CountedAddresses(),
    assets: async () => undefined,
    channels: new NativeChannels(defaultLimits),
    ...testShares(),
    clock: systemClock,
    limits: defaultLimits,
    log: pino({ level: "silent" }),
    metrics: createMetrics(),
  });
}

function part(rest: Partial<Part> = {}): Part {
  return { [Symbol.asyncDispose]: async () => {}, ...rest };
}

const statusOf = async ({ url }: ServedParts, path: string) => (await fetch(url + path)).status;

/** A socket of a client, and the code that it is closed with. */
async function connect({ url }: ServedParts) {
  const socket = new WebSocket(url.replace("http", "ws"));
  const closed = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return { closed };
}

describe("served parts", () => {
  test("are ready when every part is, and say why not", async () => {
    const reasons: { first?: string; second?: string } = {};
    const served = serve(
      part({ whyNotReady: () => reasons.first }),
      part(),
      part({ whyNotReady: () => reasons.second }),
    );
    expect([await statusOf(served, "/readyz"), served.whyNotReady()]).toEqual([200, []]);
    reasons.second = "the disk is full";
    expect([await statusOf(served, "/readyz"), served.whyNotReady()]).toEqual([503, ["the disk is full"]]);
    await served.close(closeReasons.restart);
    expect(served.whyNotReady()).toEqual(["the server stops"]);
  });

  test("answer the routes of each part, and show its endpoints in the order of the parts", async () => {
    const routes = new Hono<HttpEnvironment>();
    routes.get("/own", (context) => context.text("own"));
    const first = { label: "First", scheme: "ws", path: "/first" } as const;
    const second = { label: "Second", scheme: "http", path: "/second/" } as const;
    const served = serve(part({ endpoints: [first] }), part({ routes, endpoints: [second] }));
    expect([await statusOf(served, "/own"), await statusOf(served, "/other")]).toEqual([200, 404]);
    const authority = `127.0.0.1:${served.port}`;
    expect(served.endpoints).toEqual([
      { label: "First", url: `ws://${authority}/first` },
      { label: "Second", url: `http://${authority}/second/` },
    ]);
    await served.close(closeReasons.restart);
  });

  test("show their endpoints under the public URL", async () => {
    const first = { label: "First", scheme: "ws", path: "/first" } as const;
    const second = { label: "Second", scheme: "http", path: "/" } as const;
    const urlsAt = async (publicUrl: string) => {
      const served = serveAt(new URL(publicUrl), [part({ endpoints: [first, second] })]);
      expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
      await served.close(closeReasons.restart);
      return served.endpoints.map(({ url }) => url);
    };
    expect(await urlsAt("https://collab.example")).toEqual(["wss://collab.example/first", "https://collab.example/"]);
    expect(await urlsAt("http://collab.example:8080/yurt")).toEqual([
      "ws://collab.example:8080/yurt/first",
      "http://collab.example:8080/yurt/",
    ]);
  });

  test("refuse connections first, then drain one part after the other, and close the connections last", async () => {
    const events: string[] = [];
    const protocol: Protocol = {
      name: "test",
      frameBytes: 100,
      frameBytesOption: "limits.test-frame-bytes",
      match: ({ pathname }) => pathname === "/",
      open: () => ({ receive: () => {}, closed: () => events.push("session closed") }),
    };
    const drain = (name: string) => async () => {
      const upgrade = await fetch(served.url, handshake());
      events.push(
        `${name} drains, an upgrade is answered ${upgrade.status}, ready ${await statusOf(served, "/readyz")}`,
      );
    };
    const served: ServedParts = serve(
      part({ protocols: [protocol], drain: drain("first") }),
      part({ drain: drain("second") }),
    );
    const { closed } = await connect(served);
    await Promise.all([served.close(closeReasons.restart), served.close(closeReasons.finished)]);
    expect(events).toEqual([
      "first drains, an upgrade is answered 503, ready 503",
      "second drains, an upgrade is answered 503, ready 503",
      "session closed",
    ]);
    expect(await closed).toBe(closeReasons.restart.code);
  });

  test("close many connections in waves, while they refuse new ones and are not ready", async () => {
    let drainedAt = 0;
    const codes: number[] = [];
    const protocol: Protocol = {
      name: "test",
      frameBytes: 100,
      frameBytesOption: "limits.test-frame-bytes",
      match: ({ pathname }) => pathname === "/",
      open: () => ({ receive: () => {}, closed: () => {} }),
    };
    const drain = async () => {
      drainedAt = codes.length;
    };
    const served = serve(part({ protocols: [protocol], drain }));
    const clients = await Promise.all(Array.from({ length: 250 }, () => connect(served)));
    const half = Promise.withResolvers<void>();
    const all = clients.map(async ({ closed }) => {
      codes.push(await closed);
      if (codes.length === 100) half.resolve();
    });
    const closing = served.close(closeReasons.restart, 10_000);
    await half.promise;
    expect([await statusOf(served, "/readyz"), await statusOf(served, "/healthz")]).toEqual([503, 200]);
    const upgrade = await fetch(served.url, handshake());
    expect([upgrade.status, upgrade.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(codes.length).toBeWithin(100, 201);
    await Promise.all([closing, ...all]);
    // The connections of the last wave are open until everything that they have sent is stored.
    expect(drainedAt).toBeWithin(100, 201);
    expect(new Set(codes)).toEqual(new Set([closeReasons.restart.code]));
  });

  test("are all drained when some of them fail to, free their ports, and report every error", async () => {
    const faults = [new Error("rejects"), new Error("throws")] as const;
    let isDrained = false;
    const served = serve(
      part({ drain: () => Promise.reject(faults[0]) }),
      part({
        drain: () => {
          throw faults[1];
        },
      }),
      part({
        drain: async () => {
          isDrained = true;
        },
      }),
    );
    await expect(served.close(closeReasons.restart)).rejects.toMatchObject({ errors: [...faults] });
    expect(isDrained).toBe(true);
    await expect(fetch(served.url)).rejects.toThrow();
  });
});
