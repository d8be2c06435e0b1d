import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { exists, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "socket.io-client";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { TestClients } from "../../support/clients/providers.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually } from "../../support/eventually.ts";
import { type Ending, ensureExecutable, executable, Run, run } from "../../support/processes/executable.ts";

setDefaultTimeout(60_000);

let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-executable-"));
  await ensureExecutable();
});

afterAll(async () => {
  await rm(parent, { recursive: true, force: true });
});

/** The folder contains files that take over a program which reads its working directory. */
beforeEach(async () => {
  folder = await mkdtemp(join(parent, "hostile-"));
  await mkdir(join(folder, ".hostile"));
  await writeFile(join(folder, ".hostile", "preload.ts"), `await Bun.write("${folder}/was-preloaded", "");`);
  await writeFile(join(folder, "bunfig.toml"), 'preload = ["./.hostile/preload.ts"]\n');
  const variables = ["HOST=0.0.0.0", "PORT=1", "DATA=elsewhere", "LOG_LEVEL=silent"].map((line) => `YURT_${line}\n`);
  const proxy = "HTTP_PROXY=http://127.0.0.1:1\n";
  await writeFile(
    join(folder, ".env"),
    `${variables.join("")}${proxy}PORT=1\nBUN_OPTIONS=--preload=./.hostile/preload.ts\n`,
  );
  await writeFile(join(folder, "package.json"), "not JSON");
  await writeFile(join(folder, "tsconfig.json"), "not JSON");
});

function serve(options: { args?: readonly string[]; environment?: Record<string, string> } = {}): Run {
  return new Run({ folder, ...options, args: ["--port", "0", ...(options.args ?? [])] });
}

async function status(port: number, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}

/** A y-websocket client with a document of its own. */
class Client {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText("text");
  readonly #provider: WebsocketProvider;

  constructor(url: string) {
    this.#provider = new WebsocketProvider(url, "notes", this.doc, { disableBc: true });
  }

  async synced(): Promise<void> {
    if (!this.#provider.synced) await new Promise<void>((resolve) => this.#provider.once("sync", () => resolve()));
  }

  async disconnected(): Promise<void> {
    while (this.#provider.wsconnected)
      await new Promise<void>((resolve) => this.#provider.once("status", () => resolve()));
  }

  close(): void {
    this.#provider.destroy();
    this.doc.destroy();
  }
}

describe("in a hostile folder the executable", () => {
  test("does not run code that Bun itself runs there", async () => {
    await writeFile(join(folder, "package.json"), "{}");
    await writeFile(join(folder, "tsconfig.json"), "{}");
    const print = ["--print", "process.env.YURT_LOG_LEVEL"];
    expect(await run({ folder, command: [process.execPath], args: print })).toMatchObject({ stdout: "silent\n" });
    expect(await exists(join(folder, "was-preloaded"))).toBeTrue();
  });

  test("reads neither .env nor bunfig.toml, and writes only its data folder", async () => {
    const before = await readdir(folder);
    await using server = serve();
    expect(await server.event("listening")).toMatchObject({ level: "info", host: "127.0.0.1" });
    expect((await readdir(folder)).sort()).toEqual([...before, "yurt-data"].sort());
  });
});

describe("the executable's log", () => {
  test("consists of JSON lines when it is piped", async () => {
    await using server = serve({ environment: { YURT_PROT: "1" } });
    const listening = await server.event("listening");
    expect(listening).toEqual({
      level: "info",
      time: expect.any(String),
      event: "listening",
      host: "127.0.0.1",
      port: expect.any(Number),
      url: `http://127.0.0.1:${listening["port"]}`,
      version: "0.1.0",
      pid: server.pid,
    });
    expect(await status(await server.port(), "/readyz")).toBe(200);
    expect(await server.event("unknown-variable")).toMatchObject({ variable: "YURT_PROT", nearest: "YURT_PORT" });
    server.kill("SIGTERM");
    const { stdout, stderr } = await server.ended();
    expect(stderr).toBe("");
    expect(() =>
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).not.toThrow();
  });

  test("has a warning when access is open to everyone", async () => {
    await using server = serve({ args: ["--host", "0.0.0.0", "--auth-mode", "open"] });
    expect(await server.event("open-to-everyone")).toMatchObject({
      level: "warn",
      host: "0.0.0.0",
    });
  });

  test("has a warning when access through the public URL is open to everyone, and for origins that many pages share", async () => {
    const origins = ["--auth-origins", "null,file://,https://app.example"];
    await using server = serve({ args: ["--public-url", "https://collab.example", "--auth-mode", "open", ...origins] });
    expect(await server.event("listening")).toMatchObject({ publicUrl: "https://collab.example/" });
    expect(await server.event("open-to-everyone")).toMatchObject({ level: "warn", host: "collab.example" });
    server.kill("SIGTERM");
    const { stdout } = await server.ended();
    const warned = Array.from(
      stdout.matchAll(/"event":"shared-origin-allowed","origin":"([^"]+)"/g),
      ([, origin]) => origin,
    );
    expect(warned).toEqual(["null", "file://"]);
  });

  test("has a warning when other users of the machine can read a secret, and does not contain the secret", async () => {
    const secret = "a-secret-that-is-long-enough-to-be-one";
    await using server = serve({ args: ["--auth-mode", "token", "--auth-secret", secret] });
    expect(await server.event("secret-on-command-line")).toMatchObject({
      setting: "auth.secret",
      remedy: "YURT_AUTH_SECRET_FILE",
    });
    server.kill("SIGTERM");
    expect((await server.ended()).stdout).not.toContain(secret);
  });

  test("may lose its reader without an effect on the server", async () => {
    const fifo = join(folder, "log");
    await Bun.$`mkfifo ${fifo}`.quiet();
    const command = ["sh", "-c", `exec ${executable} --port 0 > log`];
    await using server = new Run({ folder, command, environment: { YURT_LOG_LEVEL: "trace" } });
    const reader = Bun.spawn(["head", "-n", "1", fifo], { stdio: ["ignore", "pipe", "ignore"] });
    const { port } = JSON.parse(await reader.stdout.text());
    expect(await status(port, "/readyz")).toBe(200);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
  });
});

describe("on a terminal", () => {
  const hasTerminal = process.platform !== "win32";

  /** Starts the executable and resolves with what the terminal shows once it shows `until` and `task` is done. */
  async function shown(
    until: string | RegExp,
    args: readonly string[],
    task = async (_: string): Promise<void> => {},
  ): Promise<string> {
    const shownText = () => Bun.stripANSI(screen).replaceAll("\r\n", "\n");
    let screen = "";
    const { promise, resolve } = Promise.withResolvers<void>();
    const decoder = new TextDecoder();
    await using child = Bun.spawn([executable, "--port", "0", ...args], {
      cwd: folder,
      env: { TERM: "xterm-256color", YURT_TURN_ENABLED: "false" },
      terminal: {
        cols: 120,
        data: (_, bytes) => {
          screen += decoder.decode(bytes, { stream: true });
          if (screen.search(until) !== -1) resolve();
        },
      },
    });
    await Promise.race([promise, child.exited]);
    await task(shownText());
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    return shownText();
  }

  test.skipIf(!hasTerminal)("the banner names the endpoints", async () => {
    const screen = await shown("Try it", ["--turn", "--turn-port", "0"]);
    const [, turnPort] = /turn:127\.0\.0\.1:(\d+) /.exec(screen) ?? [];
    const [, ready, port] = /ready in (\d+) ms[\s\S]*127\.0\.0\.1:(\d+)\/sync/.exec(screen) ?? [];
    expect(screen).toStartWith(`yurt 0.1.0 · ready in ${ready} ms

  ├─ Demo          http://127.0.0.1:${port}/
  ├─ Dashboard     http://127.0.0.1:${port}/admin
  ├─ y-websocket   ws://127.0.0.1:${port}/sync
  ├─ Hocuspocus    ws://127.0.0.1:${port}/collab
  ├─ y-webrtc      ws://127.0.0.1:${port}/signal
  ├─ PeerJS        http://127.0.0.1:${port}/peerjs
  ├─ Peers         http://127.0.0.1:${port}/socket.io/
  ├─ API           http://127.0.0.1:${port}/v1
  └─ STUN/TURN     turn:127.0.0.1:${turnPort} (udp, tcp)

  Data     ./yurt-data (new)
  Access   local only. To share: yurt --host 0.0.0.0 --auth-mode token
           On the internet, with HTTPS: yurt serve DOMAIN --auth-mode token

  Try it   new WebsocketProvider("ws://127.0.0.1:${port}/sync", "demo", doc)
`);
    expect(await shown("Try it", [])).toContain("\n  Data     ./yurt-data\n");
  });

  test.skipIf(!hasTerminal)("the banner of a server without documents names no document protocol", async () => {
    const screen = await shown("Try it", ["--no-sync"]);
    expect(screen).toContain("\n  ├─ Demo        http://127.0.0.1:");
    expect(screen).toContain("\n  ├─ y-webrtc    ws://127.0.0.1:");
    expect(screen).toContain("\n  Try it   new WebrtcProvider(");
    expect(screen).not.toMatch(/sync|Data/);
  });

  test.skipIf(!hasTerminal)("the banner of a server that requires tokens has a link that opens the demo", async () => {
    const answers: unknown[] = [];
    await shown(/#token=\S+\r\n/, ["--auth-mode", "token"], async (screen) => {
      const [, url = "", token = ""] = /^(http:.*)\/\?room=demo#token=(\S+)$/m.exec(screen) ?? [];
      for (const room of ["demo", "another"]) {
        const response = await fetch(`${url}/api/validate?room=${room}&token=${token}`);
        answers.push([response.status, await response.json()]);
      }
    });
    expect(answers).toMatchObject([
      [200, { access: "write" }],
      [403, { code: "wrong-room" }],
    ]);
  });

  test.skipIf(!hasTerminal)("the first client of each protocol has a line", async () => {
    const screen = await shown("Try it", [], async (text) => {
      const [, url = ""] = /(ws:\/\/127\.0\.0\.1:\d+)\/sync/.exec(text) ?? [];
      await using clients = new TestClients();
      await clients.connectAll(2, url, "notes");
      const signaling = await SignalingClient.connect(`${url}/signal`);
      signaling.say({ type: "subscribe", topics: ["notes"] });
      await signaling.handled();
      await signaling.close();
    });
    const lines = [...screen.matchAll(/INFO: first-client (.*)$/gm)].map(([, fields]) => fields);
    expect(lines).toEqual(['{"protocol":"y-websocket"}', '{"protocol":"y-webrtc"}']);
  });

  test.skipIf(!hasTerminal)("the log is in a readable form", async () => {
    expect(await shown("open-to-everyone", ["--host", "::", "--auth-mode", "open"])).toMatch(
      /^\[\d\d:\d\d:\d\d\] WARN: open-to-everyone \{"host":"::"\}$/m,
    );
  });
});

describe("the executable ends with", () => {
  test.each<[number, readonly string[], string]>([
    [2, ["serv"], "yurt: Unknown command 'serv'. Did you mean serve?\n"],
    [2, ["--prot", "1"], "yurt: Unknown option '--prot'. Did you mean --port?\n"],
    [
      2,
      ["--limits", "json-deph=64"],
      'yurt: Invalid --limits. There is no limit "json-deph". Did you mean json-depth?\n',
    ],
    [
      1,
      ["--host", "nosuch.invalid", "--auth-mode", "open", "--port", "0"],
      "yurt: The host name nosuch.invalid cannot be resolved. Choose an address of this machine with --host.\n",
    ],
    [
      1,
      ["--data", "/proc/yurt", "--port", "0"],
      "yurt: The data folder /proc/yurt cannot be created (ENOENT). Choose another with --data.\n",
    ],
    [78, ["--host", "::", "--port", "70000"], "yurt: Invalid configuration (2 problems). Yurt did not start.\n"],
  ])("%i after %p", async (code, args, stderr) => {
    const ending = await run({ folder, args });
    expect(ending).toMatchObject({ code, stdout: "" });
    expect(ending.stderr).toStartWith(stderr);
  });

  test("0 after version and help, all of it printed", async () => {
    const version = `yurt 0.1.0 (bun ${Bun.version}, ${process.platform}-${process.arch})\n`;
    expect(await run({ folder, args: ["version"] })).toEqual({ code: 0, stdout: version, stderr: "" });
    const help = await run({ folder, args: ["--help"] });
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/\nAll options of the server: yurt serve --help\n$/);
  });

  test.each<NodeJS.Signals>(["SIGTERM", "SIGINT"])("0 after %s, when everything is closed", async (signal) => {
    await using server = serve();
    const client = await SignalingClient.connect(`ws://127.0.0.1:${await server.port()}/signal`);
    server.kill(signal);
    const { code, stdout } = await server.ended();
    expect(code).toBe(0);
    expect(stdout).toContain('"event":"stopped"');
    await client.close();
  });

  test("128 and the signal's number at once, after a second signal", async () => {
    const endings: Ending[] = [];
    // The server stops within milliseconds, so the second signal sometimes comes too late, and the process has ended
    // with 0.
    while (endings.length < 10 && endings.every(({ code }) => code === 0)) {
      await using server = serve();
      await server.port();
      // SIGCONT delivers both signals to the stopped process.
      for (const signal of ["SIGSTOP", "SIGTERM", "SIGINT", "SIGCONT"] as const) server.kill(signal);
      endings.push(await server.ended());
    }
    const last = endings.at(-1);
    expect([130, 143]).toContain(last?.code ?? 0);
    expect(last?.stdout).not.toContain('"event":"stopped"');
  });

  test("1 when its port is in use, with a message that names the flag", async () => {
    await using first = serve();
    const port = String(await first.port());
    expect(await run({ folder, args: ["--port", port, "--data", "other"] })).toEqual({
      code: 1,
      stdout: "",
      stderr: `yurt: Port ${port} on 127.0.0.1 is in use. Choose another with --port, or stop the program that uses it.\n`,
    });
  });
});

test("the executable prints the licences of the software that it contains", async () => {
  const { code, stdout } = await run({ folder, args: ["licenses"] });
  expect(code).toBe(0);
  for (const name of [`Bun ${Bun.version} (MIT)`, "yjs 13", "simple-peer 9"]) {
    expect(stdout).toContain(`\n${name}`);
  }
});

describe("a data folder", () => {
  test("belongs to one server: a second one names the owner and ends with 1", async () => {
    await using first = serve();
    await first.port();
    const { code, stdout, stderr } = await run({ folder, args: ["--port", "0"] });
    expect([code, stdout]).toEqual([1, ""]);
    const path = await realpath(join(folder, "yurt-data"));
    expect(stderr).toBe(
      `yurt: The data folder ${path} is in use by process ${first.pid}. Stop that server, or choose another folder with --data.\n`,
    );
  });

  test("keeps, over kill -9 of the server, every update that another client had received", async () => {
    let kept = "";
    for (const receivedBeforeKill of [1, 100, 1_000]) {
      await using server = serve();
      const url = `ws://127.0.0.1:${await server.port()}/sync`;
      const [writer, reader] = [new Client(url), new Client(url)];
      await Promise.all([writer.synced(), reader.synced()]);
      expect(reader.text.toString()).toStartWith(kept);
      await new Promise<void>((resolve) => {
        let received = 0;
        const typing = setInterval(() => writer.text.insert(writer.text.length, `${writer.text.length} `));
        reader.doc.on("update", () => {
          received += 1;
          if (received !== receivedBeforeKill) return;
          server.kill("SIGKILL");
          clearInterval(typing);
          resolve();
        });
      });
      await server.ended();
      await reader.disconnected();
      kept = reader.text.toString();
      for (const client of [writer, reader]) client.close();
    }
    await using server = serve();
    const late = new Client(`ws://127.0.0.1:${await server.port()}/sync`);
    await late.synced();
    expect(late.text.toString()).toStartWith(kept);
    late.close();
  });
});

test("the executable describes its API, and reads the content of documents in a worker", async () => {
  await using server = serve();
  const url = `http://127.0.0.1:${await server.port()}/v1`;
  const description = Object(await (await fetch(`${url}/openapi.json`)).json());
  expect(Object.keys(description.paths)).toContain("/v1/docs/{doc}/update");
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "by HTTP");
  const headers = { "content-type": "application/octet-stream" };
  const body = Y.encodeStateAsUpdate(doc).slice();
  expect((await fetch(`${url}/docs/api/update`, { method: "POST", headers, body })).status).toBe(200);
  expect(await (await fetch(`${url}/docs/api/text/text`)).text()).toBe("by HTTP");
});

test("the executable compacts a document in its worker while it is edited", async () => {
  await using server = serve();
  const url = `ws://127.0.0.1:${await server.port()}/sync`;
  const [writer, reader] = [new Client(url), new Client(url)];
  await Promise.all([writer.synced(), reader.synced()]);
  const edit = (count: number) => {
    for (let index = 0; index < count; index += 1) writer.text.insert(0, "a line that fills the log\n");
  };
  edit(3_000);
  const metrics = `http://127.0.0.1:${await server.port()}/metrics`;
  const compacted = /^yurt_compactions_total\{outcome="done"\} [1-9]/m;
  await eventually("compacted", async () => compacted.test(await (await fetch(metrics)).text()));
  edit(10);
  await eventually("all arrived", () => reader.text.length === writer.text.length);
  for (const client of [writer, reader]) client.close();
});

test.each(["polling", "websocket"])(
  "the executable loads the engine of Socket.IO when the first client connects (%s)",
  async (transport) => {
    await using server = serve();
    const socket = io(`http://127.0.0.1:${await server.port()}`, { transports: [transport], forceNew: true });
    const answer = await new Promise((resolve) => {
      socket.emit("register-device", { deviceId: "a" }, (...args: unknown[]) => resolve(args));
    });
    expect(answer).toEqual([null, "success"]);
    socket.disconnect();
  },
);

describe("the executable's demo", () => {
  const ask = (port: number, path: string, accepted: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { "accept-encoding": accepted } });

  /** The paths of the files that a page or a style sheet loads by itself. Their URLs are relative; others stay whole. */
  function loadedBy(text: string): readonly string[] {
    const markup = text.matchAll(/<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)="([^"]+)"/g);
    const style = text.matchAll(/url\(["']?([^"')]+)["']?\)/g);
    const paths = [...markup, ...style].map(([, path = ""]) => path);
    return paths.filter((path) => !path.startsWith("data:")).map((path) => path.replace(/^\.\//, "/"));
  }

  test("is served whole, compressed, and small enough for a first load", async () => {
    await using server = serve();
    const port = await server.port();
    let bytes = 0;
    const asked = ["/"];
    for (const path of asked) {
      const response = await ask(port, path, "gzip, br");
      expect([path, response.status, response.headers.get("content-encoding")]).toEqual([path, 200, "br"]);
      expect(response.headers.get("cache-control")).toBe(
        path === "/" ? "no-cache" : "public, max-age=31536000, immutable",
      );
      expect(response.headers.get("content-security-policy")).toStartWith("default-src 'self'; ");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      bytes += Number(response.headers.get("content-length"));
      const text = await response.text();
      expect(await (await ask(port, path, "gzip")).text()).toBe(text);
      expect(await (await ask(port, path, "identity")).text()).toBe(text);
      if (/^text\/(html|css)/.test(response.headers.get("content-type") ?? "")) asked.push(...loadedBy(text));
    }
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.filter((path) => !/^\/([\w-]+-[a-z0-9]{8}\.[a-z0-9]+)?$/.test(path))).toEqual([]);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(250_000);
  });

  test("is fetched again only after a change", async () => {
    await using server = serve();
    const url = `http://127.0.0.1:${await server.port()}/`;
    const etag = (await fetch(url)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect((await fetch(url, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await fetch(url, { method: "HEAD" })).headers.get("etag")).toBe(etag);
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
  });

  test("names no third-party server", async () => {
    await using server = serve();
    const port = await server.port();
    const page = await (await ask(port, "/", "identity")).text();
    const texts = await Promise.all(loadedBy(page).map(async (path) => (await ask(port, path, "identity")).text()));
    // The remaining URLs are names of markup, or texts for people.
    const harmless = [
      "http://www.w3.org/",
      "https://feross.org/opensource",
      "https://feross.org",
      "https://github.com/",
    ];
    const named = texts.flatMap(
      (text) => text.match(/\b(?:(?:https?|wss?):\/\/|["'`](?:stun|turn)s?:)[a-z0-9][^"'`\s)]*/gi) ?? [],
    );
    expect(named.filter((url) => !harmless.some((start) => url.startsWith(start)))).toEqual([]);
  });

  test("learns whether documents are relayed", async () => {
    await using server = serve({ args: ["--no-sync"] });
    const config = await ask(await server.port(), "/demo/config.json", "identity");
    expect(await config.json()).toMatchObject({ version: "0.1.0", sync: false, mode: "open" });
  });
});

describe("the configuration file of the working directory", () => {
  test("is read, and what is wrong with it keeps the server from starting", async () => {
    const path = join(folder, "yurt.toml");
    await writeFile(path, 'port = 0\n[log]\nlevel = "debug"\n');
    const before = await readdir(folder);
    await using server = new Run({ folder });
    expect(await server.event("listening")).toMatchObject({ host: "127.0.0.1", configurationFile: "./yurt.toml" });
    server.kill("SIGTERM");
    await server.ended();
    await rm(join(folder, "yurt-data"), { recursive: true });

    await writeFile(path, 'port = 0\n[log]\nlevle = "debug"\n');
    const stderr = `yurt: Invalid configuration (1 problem). Yurt did not start.

  ./yurt.toml:3:1: Unknown key log.levle
    Did you mean log.level?
`;
    expect(await run({ folder })).toEqual({ code: 78, stdout: "", stderr });
    expect(await readdir(folder)).toEqual(before);
  });
});

describe("yurt health", () => {
  test("is 0 while a server is ready, 1 when it has stopped", async () => {
    await using server = serve();
    const environment = { PORT: String(await server.port()), HTTP_PROXY: "http://127.0.0.1:1" };
    const args = ["health"];
    expect(await run({ folder, args, environment })).toEqual({ code: 0, stdout: "ready\n", stderr: "" });
    server.kill("SIGTERM");
    await server.ended();
    const url = `http://127.0.0.1:${environment.PORT}/readyz`;
    const stderr = `yurt: No server answers at ${url}. Start it, or give its address with --host and --port.\n`;
    expect(await run({ folder, args, environment })).toEqual({ code: 1, stdout: "", stderr });
  });
});

describe("a server with sync turned off", () => {
  test("serves signaling but no documents, and writes nothing", async () => {
    const before = await readdir(folder);
    await using server = serve({ args: ["--no-sync"] });
    const port = await server.port();
    expect(await status(port, "/readyz")).toBe(200);
    await expect(SignalingClient.connect(`ws://127.0.0.1:${port}/sync/notes`)).rejects.toThrow();
    const client = await SignalingClient.connect(`ws://127.0.0.1:${port}/signal`);
    await client.handled();
    await client.close();
    expect(await readdir(folder)).toEqual(before);
  });
});
