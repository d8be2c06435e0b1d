import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, type Program } from "../processes/programs.ts";
import { freePort } from "../programs/free-port.ts";

/** The programs that the documentation configures, with the package of Debian that holds each. */
export const proxyPrograms = ["caddy", "nginx"] as const satisfies readonly Program[];

export type ProxyProgram = (typeof proxyPrograms)[number];

export interface ReverseProxyOptions {
  readonly program: ProxyProgram;
  /** The configuration as the documentation has it, for `publicHost`, with HTTPS. */
  readonly configuration: string;
  /** The name under which the proxy is reached. */
  readonly publicHost: string;
  /** The server's address in the configuration. */
  readonly upstream: string;
  /** The address on which the server listens, as `host:port`. */
  readonly server: string;
  /** An empty folder, in which the proxy writes its files and logs. */
  readonly folder: string;
}

/** A real reverse proxy on loopback, on a free port and without HTTPS, until it is disposed of. */
export class ReverseProxy implements AsyncDisposable {
  readonly port: number;
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #errors: Promise<string>;

  private constructor(port: number, process: Bun.Subprocess<"ignore", "ignore", "pipe">) {
    this.port = port;
    this.#process = process;
    this.#errors = process.stderr.text();
  }

  /** Resolves when the proxy listens. */
  static async start(options: ReverseProxyOptions): Promise<ReverseProxy> {
    const port = freePort();
    await mkdir(join(options.folder, "state"), { recursive: true });
    const [file, text] = options.program === "caddy" ? caddyfile(options, port) : nginxConfiguration(options, port);
    await Bun.write(join(options.folder, file), text);
    const process = Bun.spawn(commandOf(options), {
      cwd: options.folder,
      // Caddy keeps its state in these folders.
      env: { PATH: "/usr/sbin:/usr/bin:/bin", HOME: options.folder, XDG_CONFIG_HOME: "state", XDG_DATA_HOME: "state" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const proxy = new ReverseProxy(port, process);
    await proxy.#listens();
    return proxy;
  }

  /** Ends the proxy and resolves with its standard error. */
  async ended(): Promise<string> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    return this.#errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ended();
  }

  async #listens(): Promise<void> {
    for (;;) {
      if (await isListening(this.port)) return;
      if (this.#process.exitCode !== null) throw new Error(`the proxy has ended:\n${await this.#errors}`);
      await Bun.sleep(20);
    }
  }
}

function commandOf({ program, folder }: ReverseProxyOptions): string[] {
  const path = findProgram(program) ?? program;
  if (program === "caddy") return [path, "run", "--config", "Caddyfile", "--adapter", "caddyfile"];
  return [path, "-p", folder, "-c", "nginx.conf", "-e", "stderr"];
}

type Configuration = readonly [file: string, text: string];

function caddyfile({ configuration, publicHost, upstream, server }: ReverseProxyOptions, port: number): Configuration {
  const site = configuration
    .replace(`${publicHost} {`, `http://${publicHost}:${port} {\n\tbind 127.0.0.1`)
    .replaceAll(upstream, server);
  const options = "\tadmin off\n\tauto_https off\n";
  return ["Caddyfile", site.startsWith("{\n") ? site.replace("{\n", `{\n${options}`) : `{\n${options}}\n${site}`];
}

function nginxConfiguration(
  { configuration, upstream, server, folder }: ReverseProxyOptions,
  port: number,
): Configuration {
  const site = configuration
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replaceAll(/^ *ssl_.*\n/gm, "")
    .replaceAll("/var/log/nginx/", `${folder}/`)
    .replaceAll(upstream, server);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path state/${name};`,
  );
  const process = ["daemon off;", "master_process off;", "pid nginx.pid;", "events {}"];
  return ["nginx.conf", [...process, "http {", ...folders, site, "}", ""].join("\n")];
}

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
