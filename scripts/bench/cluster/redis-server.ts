import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../within.ts";
import { freePort } from "../servers/server.ts";

const startMs = 10_000;

/** A Redis of the system's package, which keeps nothing on disk, until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-redis-"));
  #process: Bun.Subprocess<"ignore", "pipe", "inherit">;

  /** The command, if it is installed. */
  static get program(): string | null {
    return Bun.which("redis-server");
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.#ready();
    return server;
  }

  private constructor(port: number) {
    this.port = port;
    this.#process = this.#run();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Kills it at once. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** Starts it again after `kill`, without what it had. Resolves when it takes connections. */
  async restart(): Promise<void> {
    this.#process = this.#run();
    await this.#ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(): Bun.Subprocess<"ignore", "pipe", "inherit"> {
    const command = [
      "redis-server",
      "--port",
      `${this.port}`,
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
    ];
    return Bun.spawn(command, { cwd: this.#folder, stdio: ["ignore", "pipe", "inherit"] });
  }

  async #ready(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const read = async () => {
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of this.#process.stdout) {
        if (text.length < 10_000) text += decoder.decode(chunk, { stream: true });
        if (text.includes("Ready to accept connections")) ready.resolve();
      }
      ready.reject(new Error(`Redis has ended:\n${text}`));
    };
    void read();
    await within(startMs, "Redis is ready", ready.promise);
  }
}
