import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { TurnSettings } from "../../../src/composition/server-options.ts";
import type { IceServerList } from "../../../src/turn/ice/ice-servers.ts";
import { eventually } from "../../support/eventually.ts";
import { writeCertificate } from "../../support/https/certificate-files.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";
import { exchange, iceServersAt, openTurnClient } from "../../support/turn/turn-through.ts";

setDefaultTimeout(20_000);

const authority = await TestAuthority.create();

let closing: AsyncDisposableStack;
beforeEach(() => {
  closing = new AsyncDisposableStack();
});
afterEach(() => closing.disposeAsync());

const start = async (options: Parameters<typeof startTestServer>[0]) => closing.use(await startTestServer(options));

/** Takes the usual port, unless another program of this machine has it. */
async function takeUsualPort(): Promise<void> {
  try {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port: 3478 });
    closing.defer(() => socket.close());
  } catch {
    // Another server has it.
  }
}

describe("TURN on a port that is in use", () => {
  test("is left out if no setting names the port, and clients are given no URL of it", async () => {
    await takeUsualPort();
    const server = await start({ turn: { port: undefined } });
    expect(server.turn.listening).toBeUndefined();
    expect(server.turn.warnings).toEqual([
      {
        event: "turn-port-in-use",
        port: 3478,
        remedy: expect.stringMatching(/^The server runs without TURN\..*--turn-port/),
      },
    ]);
    expect((await iceServersAt(server.url)).iceServers).toEqual([]);
    expect(await (await fetch(`${server.url}/readyz?verbose`)).json()).toEqual({ ready: true, turn: "not-listening" });
  });

  test("keeps the server from starting if the settings name the port, and frees all others", async () => {
    const first = await start({ turn: {} });
    const { port = 0 } = first.turn.listening ?? {};
    const second = startTestServer({ turn: { port } });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE", port, setting: "turn.port" });
  });

  test("is left out for an address that cannot be used, if no setting names the port", async () => {
    const server = await start({ turn: { port: undefined, listen: ["192.0.2.200"] } });
    expect(server.turn.warnings).toMatchObject([
      { event: "turn-not-listening", listen: ["192.0.2.200"], code: "EADDRNOTAVAIL" },
    ]);
  });
});

describe("TURN over TLS", () => {
  async function startEncrypted(turn: Partial<TurnSettings>) {
    const folder = await temporaryFolder();
    const write = (names: readonly string[]) => writeCertificate(folder, authority, names);
    const files = await write(["turn.test"]);
    const server = await start({
      https: { domains: ["turn.test"], files },
      publicUrl: "https://turn.test",
      turn,
    });
    return { server, write };
  }

  const trust = { ca: authority.root, serverName: "turn.test" };

  test("has the server's certificate, and relays", async () => {
    const { server } = await startEncrypted({});
    const list = await iceServersOverTls(server.url);
    const { tlsPort } = server.turn.listening ?? {};
    expect(list.iceServers.flatMap(({ urls }) => urls)).toContain(`turns:turn.test:${tlsPort}?transport=tcp`);
    using first = await openTurnClient(list, "tls", trust);
    using second = await openTurnClient(list, "tls", trust);
    expect(await exchange(first, second)).toEqual(["there", "and back"]);
  });

  test("takes the next certificate, and keeps the connections that it has", async () => {
    const { server, write } = await startEncrypted({});
    const list = await iceServersOverTls(server.url);
    using former = await openTurnClient(list, "tls", trust);
    await former.turn.allocate();
    await write(["turn.test", "next.test"]);
    const next = { ca: authority.root, serverName: "next.test" };
    await server.reload({});
    await eventually("the next certificate is used", () =>
      openTurnClient(list, "tls", next).then(
        (client) => {
          client[Symbol.dispose]();
          return true;
        },
        () => false,
      ),
    );
    expect(await former.turn.refresh()).toBeGreaterThan(0);
  });

  test("is left out on a port that is in use, unless the settings name it", async () => {
    const used = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    closing.defer(() => used.stop(true));
    await expect(startEncrypted({ tlsPort: used.port })).rejects.toMatchObject({ setting: "turn.tls-port" });
    const usual = tryListen(5349);
    closing.defer(() => usual?.stop(true));
    const { server } = await startEncrypted({ tlsPort: undefined });
    expect(server.turn.warnings[0]).toMatchObject({ event: "turn-tls-port-in-use", port: 5349 });
    expect(server.turn.listening?.urls.turn).toHaveLength(2);
  });
});

function tryListen(port: number) {
  try {
    return Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
  } catch {
    return undefined;
  }
}

/** As `iceServersAt`, from a server whose certificate is not for its address. */
async function iceServersOverTls(url: string): Promise<IceServerList> {
  const response = await fetch(`${url}/ice?room=room`, { tls: { rejectUnauthorized: false } });
  // The type of the route's answer.
  return (await response.json()) as IceServerList;
}

describe("the warnings of TURN", () => {
  test("name an address that the internet cannot reach, for a server with a public URL", async () => {
    const server = await start({ turn: { listen: ["127.0.0.1"] }, publicUrl: "https://collab.example.com" });
    expect(server.turn.warnings).toMatchObject([
      { event: "turn-not-reachable", host: "collab.example.com", listening: ["127.0.0.1"] },
    ]);
    const external = { listen: ["0.0.0.0"], externalAddresses: ["10.0.0.7"] };
    const natted = await start({ turn: external, publicUrl: "https://collab.example.com" });
    expect(natted.turn.warnings).toMatchObject([{ event: "turn-address-private", addresses: ["10.0.0.7"] }]);
    const reachable = { listen: ["0.0.0.0"], externalAddresses: ["8.8.8.8"] };
    const told = await start({ turn: reachable, publicUrl: "https://collab.example.com" });
    expect(told.turn.warnings).toEqual([]);
    expect(told.turn.listening?.urls.stun).toBe(`stun:collab.example.com:${told.turn.listening?.port}`);
  });
});
