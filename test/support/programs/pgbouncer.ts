import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "../processes/programs.ts";
import { freePort } from "./free-port.ts";
import { type PostgresServer, unprivileged } from "./postgres.ts";

export interface PgBouncerOptions {
  readonly mode: "session" | "transaction";
  /** Further settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real PgBouncer on loopback in front of a database, until it is disposed of. */
export class PgBouncer implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;

  static async start(postgres: PostgresServer, options: PgBouncerOptions): Promise<PgBouncer> {
    const bouncer = new PgBouncer(postgres, options);
    await bouncer.#ready();
    return bouncer;
  }

  private constructor({ port, socket }: PostgresServer, { mode, settings = {} }: PgBouncerOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), "yurt-pgbouncer-"));
    const ownPort = freePort();
    this.url = `postgres://yurt@127.0.0.1:${ownPort}/yurt`;
    const own = {
      listen_addr: "127.0.0.1",
      listen_port: ownPort,
      unix_socket_dir: "",
      auth_type: "any",
      pool_mode: mode,
    };
    const lines = Object.entries({ ...own, ...settings }).map(([name, value]) => `${name} = ${value}`);
    const database = `yurt = host=${dirname(socket)} port=${port} dbname=yurt user=yurt`;
    const file = join(this.#folder, "pgbouncer.ini");
    writeFileSync(file, ["[databases]", database, "[pgbouncer]", ...lines, ""].join("\n"));
    const command = [...unprivileged([this.#folder, file]), findProgram("pgbouncer") ?? "pgbouncer", file];
    this.#process = Bun.spawn(command, { cwd: this.#folder, stdio: ["ignore", "ignore", "pipe"] });
  }

  async #ready(): Promise<void> {
    let output = "";
    for await (const part of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      output += part;
      if (output.includes("process up")) return;
    }
    throw new Error(`pgbouncer has ended:\n${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
