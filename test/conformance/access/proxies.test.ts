import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { handshake } from "../../support/clients/handshake.ts";
import { eventually } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { Child } from "../../support/processes/child.ts";
import { findProgram } from "../../support/processes/programs.ts";
import { type ProxyProgram, ReverseProxy } from "../../support/servers/reverse-proxy.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(30_000);

const publicHost = "collab.example.com";
const secret = "one-secret-that-only-these-tests-use";

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-proxy-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

interface Proxied extends AsyncDisposable {
  readonly server: TestServer;
  readonly events: readonly Record<string, unknown>[];
  readonly port: number;
  /** Asks the proxy as a client that knows it by its public name. */
  ask(path: string, init?: { headers: [string, string][] }): Promise<Response>;
}

/** A server behind a real proxy. `yurt.internal` stands for the server's address in the configuration. */
async function serveBehind(
  program: ProxyProgram,
  configuration: string,
  options: TestServerOptions = {},
): Promise<Proxied> {
  const { log, events } = recordedLog();
  const server = await startTestServer({ log, ...options });
  const folder = await mkdtemp(join(parent, "setup-"));
  const proxy = await ReverseProxy.start({
    program,
    configuration,
    publicHost,
    upstream: "yurt.internal",
    server: `127.0.0.1:${server.port}`,
    folder,
  });
  return {
    server,
    events,
    port: proxy.port,
    ask: (path, { headers } = { headers: [] }) =>
      fetch(`http://127.0.0.1:${proxy.port}${path}`, {
        headers: [...headers, ["host", publicHost]],
        redirect: "manual",
      }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

const caddy = (...lines: readonly string[]) => `${publicHost} {\n\t${lines.join("\n\t")}\n}\n`;
const nginx = (location: string, ...lines: readonly string[]) =>
  `server {\n listen 443 ssl;\n server_name ${publicHost};\n location ${location} {\n  ${lines.join("\n  ")}\n }\n}\n`;
const upgrades = [
  "proxy_http_version 1.1;",
  "proxy_set_header Upgrade $http_upgrade;",
  "proxy_set_header Connection upgrade;",
];
const toServer = "proxy_pass http://yurt.internal;";

const token = { mode: "token", secrets: [secret] } as const;
const signed = () => signWithSecret(secret, { rooms: { notes: "write" }, exp: Date.now() / 1_000 + 60 });

/** A client that knows the server by the URL of its proxy. */
async function edits({ port }: Proxied, path: string, params: Record<string, string>): Promise<string> {
  const doc = new Y.Doc();
  class PublicWebSocket extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { Host: publicHost, Origin: `http://${publicHost}` } });
    }
  }
  const provider = new WebsocketProvider(`ws://127.0.0.1:${port}${path}/sync`, "notes", doc, {
    params,
    disableBc: true,
    // Bun's WebSocket takes headers; the type of the DOM does not.
    WebSocketPolyfill: PublicWebSocket as unknown as typeof WebSocket,
  });
  await eventually("synced", () => provider.synced);
  provider.destroy();
  return "synced";
}

const testWith = (program: ProxyProgram) => test.skipIf(findProgram(program) === undefined);

describe("a proxy on the same machine that keeps the public host", () => {
  testWith("caddy")("needs no setting where a token decides", async () => {
    await using proxied = await serveBehind("caddy", caddy("reverse_proxy yurt.internal"), { auth: token });
    expect(await edits(proxied, "", { token: await signed() })).toBe("synced");
    expect(proxied.events.filter(({ event }) => event !== "forwarded-for-ignored")).toEqual([]);
  });

  testWith("caddy")("is refused with open access until the public URL is named, and the log says so", async () => {
    await using open = await serveBehind("caddy", caddy("reverse_proxy yurt.internal"));
    const refused = await open.ask("/readyz");
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining(`"${publicHost}"`)]);
    expect(open.events).toMatchObject([{ event: "host-refused", host: publicHost }]);
    const publicUrl = `http://${publicHost}`;
    await using named = await serveBehind("caddy", caddy("reverse_proxy yurt.internal"), { publicUrl });
    expect(await edits(named, "", {})).toBe("synced");
  });

  testWith("caddy")("may change the host as well", async () => {
    const configuration = caddy("reverse_proxy yurt.internal {", "\theader_up Host {upstream_hostport}", "}");
    const publicUrl = `http://${publicHost}`;
    await using open = await serveBehind("caddy", configuration, { publicUrl });
    expect(await edits(open, "", {})).toBe("synced");
    await using listed = await serveBehind("caddy", configuration, { auth: token, origins: [publicUrl] });
    expect(await edits(listed, "", { token: await signed() })).toBe("synced");
  });
});

describe("a proxy that serves below a path", () => {
  const publicUrl = `http://${publicHost}/yurt`;
  const setups: readonly (readonly [string, ProxyProgram, string])[] = [
    ["Caddy passes the path on", "caddy", caddy("handle /yurt* {", "\treverse_proxy yurt.internal", "}")],
    ["Caddy removes the path", "caddy", caddy("handle_path /yurt* {", "\treverse_proxy yurt.internal", "}")],
    ["nginx passes the path on", "nginx", nginx("/yurt", toServer, "proxy_set_header Host $host;", ...upgrades)],
    ["nginx removes the path", "nginx", nginx("/yurt/", "proxy_pass http://yurt.internal/;", ...upgrades)],
  ];

  for (const [name, program, configuration] of setups) {
    testWith(program)(`serves pages, routes and sockets: ${name}`, async () => {
      await using proxied = await serveBehind(program, configuration, { publicUrl, basePath: "/yurt" });
      expect(await edits(proxied, "/yurt", {})).toBe("synced");
      expect(await edits(proxied, "/yurt/", {})).toBe("synced");
      const page = await proxied.ask("/yurt/");
      const [, script = ""] = /<script[^>]* src="\.([^"]+)"/.exec(await page.text()) ?? [];
      expect((await proxied.ask(`/yurt${script}`)).headers.get("content-type")).toContain("javascript");
      expect(await (await proxied.ask("/yurt/demo/config.json")).json()).toMatchObject({ publicUrl });
      expect(await (await proxied.ask("/yurt/socket.io/?EIO=4&transport=polling")).text()).toContain('"sid"');
      expect(await (await proxied.ask("/yurt/peerjs/peerjs/id")).text()).toMatch(/^[0-9a-f-]{36}$/);
    });
  }
});

const paths = [
  ...["/", "/signal", "/signal/", "/sync/notes", "/collab", "/collab/anything"],
  ...["/peerjs/peerjs?key=peerjs&id=a&token=b", "/socket.io/?EIO=4&transport=websocket"],
];

describe("a proxy that does not pass upgrades on", () => {
  const setups: readonly (readonly [string, readonly string[], string])[] = [
    ["with nginx's defaults", [], "the header Upgrade is missing"],
    ["with HTTP/1.1 alone", ["proxy_http_version 1.1;"], "the header Upgrade is missing"],
    ["without Connection", [upgrades[0] ?? "", upgrades[1] ?? ""], "the header Connection does not name Upgrade"],
  ];

  for (const [name, lines, fault] of setups) {
    testWith("nginx")(`is explained on every path, ${name}`, async () => {
      await using proxied = await serveBehind("nginx", nginx("/", toServer, ...lines));
      const answers = await Promise.all(paths.map((path) => proxied.ask(path, handshake())));
      expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 426));
      for (const answer of answers) {
        expect(await answer.text()).toStartWith(`Not a WebSocket handshake: ${fault}. If a reverse proxy is in front`);
      }
      expect(proxied.events).toHaveLength(paths.length);
      expect(proxied.events[0]).toMatchObject({ level: "warn", event: "handshake-refused", fault });
    });
  }
});

describe("a handshake that lost a header is explained on every path and port, and none is an error of the server", () => {
  test.each([
    [{ upgrade: undefined }, 426, "the header Upgrade is missing"],
    [{ connection: "close" }, 426, "the header Connection does not name Upgrade"],
    [{ "sec-websocket-key": undefined }, 400, "the header Sec-WebSocket-Key is missing"],
    [{ "sec-websocket-key": "bad" }, 400, "the header Sec-WebSocket-Key is not 16 bytes in base64"],
    [{ "sec-websocket-version": undefined }, 426, "the header Sec-WebSocket-Version is missing"],
    [{ "sec-websocket-version": "7" }, 426, "the header Sec-WebSocket-Version is not 13"],
  ])("%p", async (changed, status, fault) => {
    await using server = await startTestServer({ compatibilityPorts: [0] });
    for (const port of [server.port, ...server.compatibilityPorts]) {
      for (const path of paths) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, handshake(changed));
        expect([path, answer.status, await answer.text()]).toEqual([path, status, expect.stringContaining(fault)]);
      }
    }
  });
});

describe("a proxy that names its clients", () => {
  testWith("caddy")("is believed only when it is trusted, and the log names the setting", async () => {
    const asked = (options: TestServerOptions) => serveBehind("caddy", caddy("reverse_proxy yurt.internal"), options);
    await using unnamed = await asked({ auth: token });
    await unnamed.ask("/signal", handshake());
    await eventually("warned", () => unnamed.events.length > 0);
    expect(unnamed.events).toMatchObject([
      {
        event: "forwarded-for-ignored",
        peer: "127.0.0.1",
        reason: "limits-lifted",
        remedy: expect.stringContaining("--proxy-trusted 127.0.0.1"),
      },
    ]);
    await using named = await asked({ auth: token, proxies: ["127.0.0.1"] });
    await named.ask("/signal", handshake());
    expect(named.events).toEqual([]);
  });

  const inNetwork = ["unshare", "--map-root-user", "--net", "sh", "-c"];
  const privately = 'ip link set lo up && ip addr add 10.99.0.1/32 dev lo && exec "$@"';
  const canAddAddress = Bun.which("unshare") !== null && Bun.spawnSync([...inNetwork, privately, "sh", "true"]).success;

  test.skipIf(!canAddAddress)("from a private address has no limits for its address", async () => {
    await using child = new Child("network/open-sockets.ts", ["10.99.0.1"], [...inNetwork, privately, "sh"]);
    const { direct, forwarded } = JSON.parse(await child.line());
    const refusal = { event: "upgrade-refused", reason: "address-connections" };
    expect(direct).toMatchObject({ accepted: 3, events: [refusal, refusal, refusal] });
    expect(forwarded).toMatchObject({
      accepted: 6,
      events: [{ event: "forwarded-for-ignored", peer: "10.99.0.1", reason: "limits-lifted" }],
    });
  });
});
