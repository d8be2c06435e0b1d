import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { codeBlocks } from "../../support/docs-snippets.ts";
import { eventually } from "../../support/eventually.ts";
import { ensureExecutable, Run } from "../../support/processes/executable.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { type ProxyProgram, proxyPrograms, ReverseProxy } from "../../support/servers/reverse-proxy.ts";

setDefaultTimeout(60_000);

const page = "https://app.example.com";
/** The secret has no space, because a space separates two secrets. */
const secret = "one-secret-that-only-these-tests-use";
const blocks = ["docs/reverse-proxy.md", "docs/deploy.md"].flatMap(codeBlocks);

/** The code blocks in this language under this heading. */
function blocksUnder(heading: string, language: string): readonly string[] {
  return blocks.filter((block) => block.heading === heading && block.language === language).map(({ code }) => code);
}

/** The configuration file of a server behind a proxy on the same machine. */
const [settings = ""] = blocksUnder("On the same machine", "toml");

/** The public URL of a server below a path, which replaces that of the file. */
const [, urlBelowPath = ""] = /^public-url = "(.*)"$/m.exec(blocksUnder("Below a path", "toml")[0] ?? "") ?? [];

/** A setup on the page: a proxy's configuration and the server behind it. */
interface Setup {
  readonly name: string;
  readonly program: ProxyProgram;
  /** The URL at which clients reach the proxy. */
  readonly publicUrl: string;
  readonly configuration: string | undefined;
  readonly upstream: string;
  /** Settings that differ from those of the file. */
  readonly environment: Readonly<Record<string, string>>;
  /** The configured log of requests, which must not contain tokens. */
  readonly accessLog?: string;
}

const standardError = "standard error";

const publicUrl = "https://collab.example.com";
const sameMachine = { publicUrl, upstream: "127.0.0.1:4444", environment: {} };
const [caddy, caddyWithLog] = blocksUnder("Caddy", "caddyfile");
const [nginx] = blocksUnder("nginx", "nginx");
const setups: readonly Setup[] = [
  { name: "Caddy", program: "caddy", configuration: caddy, ...sameMachine },
  {
    name: "Caddy with an access log",
    program: "caddy",
    configuration: caddyWithLog,
    accessLog: standardError,
    ...sameMachine,
  },
  { name: "nginx", program: "nginx", configuration: nginx, accessLog: "yurt.log", ...sameMachine },
  {
    name: "Caddy below a path",
    program: "caddy",
    configuration: blocksUnder("Below a path", "caddyfile")[0],
    ...sameMachine,
    publicUrl: urlBelowPath,
    environment: { YURT_PUBLIC_URL: urlBelowPath },
  },
  {
    name: "Caddy in front of a container",
    program: "caddy",
    configuration: blocksUnder("Compose, with Caddy", "caddyfile")[0],
    publicUrl,
    upstream: "yurt:4444",
    environment: { YURT_HOST: "0.0.0.0" },
  },
];

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-proxy-"));
  await ensureExecutable();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** A WebSocket as a browser opens it from `origin`, through a proxy with the host name `host`. */
function socketFrom(origin: string, host: string): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      const headers = { Host: host, Origin: origin };
      super(url, { headers, ...(protocols !== undefined && { protocols }) });
    }
  } as typeof WebSocket;
}

async function opens(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.onopen = () => resolve("open");
    socket.onclose = () => resolve("refused");
  });
}

const missing = new Set(proxyPrograms.filter(isMissing));

describe.each(setups.map((setup) => [setup.name, setup] as const))(
  "%s as the documentation configures it",
  (_, setup) => {
    const { program, configuration = "", upstream, environment, accessLog } = setup;
    const { host: publicHost, origin: publicOrigin, pathname } = new URL(setup.publicUrl);
    const below = pathname.replace(/\/$/, "");

    test.skipIf(missing.has(program))("serves every protocol to the allowed origins", async () => {
      const folder = await mkdtemp(join(parent, "setup-"));
      await Bun.write(join(folder, "yurt.toml"), settings);
      await using server = new Run({
        folder,
        args: ["--port", "0", "--data", "data"],
        environment: { ...environment, YURT_AUTH_SECRET: secret },
      });
      const options = {
        program,
        configuration,
        publicHost,
        upstream,
        server: `127.0.0.1:${await server.port()}`,
        folder,
      };
      await using proxy = await ReverseProxy.start(options);
      const token = await signWithSecret(secret, { rooms: { "notes/7": "write" }, exp: Date.now() / 1_000 + 60 });
      const http = (path: string, origin: string) =>
        fetch(`http://127.0.0.1:${proxy.port}${below}${path}`, { headers: { host: publicHost, origin } });
      const ws = `ws://127.0.0.1:${proxy.port}${below}`;
      const from = (origin: string) => socketFrom(origin, publicHost);

      expect((await http("/readyz", page)).status).toBe(200);
      expect((await http("/metrics", page)).status).toBe(401);
      const validated = await http(`/api/validate?room=notes/7&token=${token}`, page);
      expect([validated.headers.get("access-control-allow-origin"), await validated.json()]).toMatchObject([
        page,
        { access: "write" },
      ]);
      expect(await (await http(`/socket.io/?EIO=4&transport=polling`, page)).text()).toContain('"sid"');
      for (const origin of [page, publicOrigin]) {
        expect(await opens(new (from(origin))(`${ws}/signal?token=${token}`))).toBe("open");
      }
      expect(await opens(new (from("https://evil.example"))(`${ws}/signal?token=${token}`))).toBe("refused");
      const facts = await (await http("/demo/config.json", publicOrigin)).json();
      expect(facts).toMatchObject({ publicUrl: new URL(setup.publicUrl).href });
      const demo = await http("/", publicOrigin);
      expect(demo.headers.get("content-security-policy")).toContain(` wss://${publicHost}`);
      const [, script = ""] = /<script[^>]* src="\.([^"]+)"/.exec(await demo.text()) ?? [];
      expect((await http(script, publicOrigin)).headers.get("content-type")).toContain("javascript");

      const writer = new Y.Doc();
      const websocket = new WebsocketProvider(`${ws}/sync`, "notes/7", writer, {
        params: { token },
        disableBc: true,
        WebSocketPolyfill: from(page),
      });
      writer.getText("text").insert(0, "through the proxy");
      const reader = new Y.Doc();
      const collab = new HocuspocusProviderWebsocket({ url: `${ws}/collab`, WebSocketPolyfill: from(page) });
      const hocuspocus = new HocuspocusProvider({
        websocketProvider: collab,
        name: "notes/7",
        document: reader,
        token,
      });
      hocuspocus.attach();
      await eventually("both see the text", () => String(reader.getText("text")) === "through the proxy");
      for (const provider of [websocket, hocuspocus, collab]) provider.destroy();

      server.kill("SIGTERM");
      const { stdout } = await server.ended();
      expect(stdout).not.toContain("forwarded-for-ignored");
      if (accessLog === undefined) return;
      expect((await http(`/peerjs/peerjs&access_token=${token}/id?token=${token}`, page)).status).toBe(502);
      const logFile = accessLog === standardError ? undefined : join(folder, accessLog);
      const readLog = async () => (logFile === undefined ? proxy.ended() : readFile(logFile, "utf8"));
      // nginx writes the line of a request after its response.
      if (logFile !== undefined) await eventually("logged", async () => (await readLog()).includes("/peerjs/peerjs"));
      const log = await readLog();
      for (const path of ["/sync/notes/7", "/peerjs/peerjs"]) expect(log).toContain(path);
      expect(log).not.toContain(token);
    });
  },
);

test("every configuration of a proxy has a test", () => {
  const configured = blocks.filter(({ language }) => ["caddyfile", "nginx"].includes(language));
  expect(setups.map(({ configuration }) => configuration)).toEqual(configured.map(({ code }) => code));
});
