import { chownSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SQL } from "bun";
import { eventually } from "../eventually.ts";
import type { IssuedCertificate } from "../https/test-authority.ts";
import { findProgram } from "../processes/programs.ts";
import { freePort } from "./free-port.ts";

/** The superuser of the databases, and their names. */
const name = "yurt";
/** The name of the socket follows from it. */
const defaultPort = 5432;

/** For tests of statements, not of disks: a crash of the machine may lose data. */
const settings = {
  listen_addresses: "",
  fsync: "off",
  full_page_writes: "off",
  autovacuum: "off",
  shared_buffers: "32MB",
  max_connections: "60",
  lc_messages: "C",
};

/** As a server is run: what is committed is on disk. */
const durableSettings = {
  ...settings,
  fsync: "on",
  full_page_writes: "on",
  autovacuum: "on",
  shared_buffers: "128MB",
  // The start after a crash syncs each file of the data folder otherwise.
  recovery_init_sync_method: "syncfs",
};

export interface PostgresOptions {
  /** True if commits reach the disk. By default they do not. */
  readonly isDurable?: boolean;
  /** Settings of `postgresql.conf`, besides those of all tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Listens on 127.0.0.1 as well, with TLS, for the user with the password. Otherwise no TCP port is opened. */
  readonly tls?: { readonly certificate: IssuedCertificate; readonly password: string };
}

interface Place {
  readonly folder: string;
  readonly port: number;
  /** The command that serves the data of a folder. */
  readonly commandFor: (folder: string) => readonly string[];
}

/** A Postgres of the system's package, with its data in a temporary folder, until it is disposed of. */
export class PostgresServer implements AsyncDisposable {
  /** The socket that clients connect to. */
  readonly socket: string;
  /** The port on 127.0.0.1, if it listens there. */
  readonly port: number;
  readonly #folder: string;
  readonly #commandFor: Place["commandFor"];
  readonly #run: () => Bun.Subprocess<"ignore", "ignore", "pipe">;
  #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #admin: SQL;
  #schemas = 0;

  static async start({ isDurable = false, settings: given, tls }: PostgresOptions = {}): Promise<PostgresServer> {
    const isLocal = tls === undefined && given?.["listen_addresses"] === undefined;
    const port = isLocal ? defaultPort : freePort();
    const folder = mkdtempSync(join(tmpdir(), "yurt-postgres-"));
    const postgres = findProgram("postgres") ?? "postgres";
    const data = join(folder, "data");
    const ofTls = tls === undefined ? {} : writeTls(folder, tls.certificate);
    const prefix = unprivileged([folder, ...Object.values(ofTls)]);
    const initdb = [
      join(dirname(postgres), "initdb"),
      "-D",
      data,
      "-U",
      name,
      "-E",
      "UTF8",
      "--auth-local=trust",
      "--auth-host=scram-sha-256",
    ];
    const init = Bun.spawnSync([...prefix, ...initdb, "--locale=C", "--no-sync", "--no-instructions"], { cwd: folder });
    if (init.exitCode !== 0) throw new Error(`initdb has failed:\n${init.stderr}`);
    const listening = tls === undefined ? {} : { ...ofTls, ssl: "on", listen_addresses: "127.0.0.1" };
    const base = isDurable ? durableSettings : settings;
    const commandFor = (place: string) => {
      const chosen = { ...base, ...given, ...listening, unix_socket_directories: place };
      const flags = Object.entries(chosen).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
      return [postgres, "-D", join(place, "data"), "-p", `${port}`, ...flags];
    };
    const command = [...prefix, ...commandFor(folder)];
    const run = () => Bun.spawn(command, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const server = new PostgresServer({ folder, port, commandFor }, run);
    await server.#ready();
    await server.#admin.unsafe(`CREATE DATABASE ${name}`);
    if (tls !== undefined) await server.#admin.unsafe(`ALTER USER ${name} PASSWORD '${tls.password}'`);
    return server;
  }

  /** Starts a standby, which has what is committed here soon after it is, and takes over when it is promoted. */
  async standby(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "yurt-postgres-"));
    const data = join(folder, "data");
    const prefix = unprivileged([folder]);
    const program = join(dirname(realpathSync(findProgram("postgres") ?? "")), "pg_basebackup");
    const options = ["-D", data, "-h", this.#folder, "-p", `${this.port}`, "-U", name, "-X", "stream", "-R"];
    const copy = Bun.spawn([...prefix, program, ...options, "--checkpoint=fast", "--no-sync"], { cwd: folder });
    if ((await copy.exited) !== 0) throw new Error("pg_basebackup has failed");
    const command = [...prefix, ...this.#commandFor(folder)];
    const run = () => Bun.spawn(command, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const server = new PostgresServer({ folder, port: this.port, commandFor: this.#commandFor }, run);
    await server.#ready();
    return server;
  }

  /** Has a standby receive nothing more of its primary. */
  async stopReceiving(): Promise<void> {
    await this.#admin`ALTER SYSTEM SET primary_conninfo = ''`;
    await this.#admin`SELECT pg_reload_conf()`;
    await eventually("nothing is received", async () => {
      const [found] = await this.#admin`SELECT count(*)::int AS count FROM pg_stat_wal_receiver WHERE pid IS NOT NULL`;
      return found.count === 0;
    });
  }

  /** Has a standby take over. Resolves when it can be written to. */
  async promote(): Promise<void> {
    await this.#admin`SELECT pg_promote()`;
  }

  /** Resolves when a standby has everything of this server. */
  async isCopied(standby: PostgresServer): Promise<void> {
    const [{ lsn }] = await this.#admin`SELECT pg_current_wal_lsn()::text AS lsn`;
    await eventually("the standby has everything", async () => {
      const [{ has }] = await standby.#admin`SELECT pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn AS has`;
      return has;
    });
  }

  private constructor({ commandFor, folder, port }: Place, run: () => Bun.Subprocess<"ignore", "ignore", "pipe">) {
    this.#commandFor = commandFor;
    this.#folder = folder;
    this.port = port;
    this.#run = run;
    this.#process = run();
    this.socket = join(folder, `.s.PGSQL.${port}`);
    this.#admin = new SQL(this.#url("postgres", this.socket), { max: 1 });
  }

  /** The URL of a new schema without tables; `socket` may be that of a proxy. */
  async newSchema(socket = this.socket): Promise<string> {
    this.#schemas += 1;
    const schema = `test_${this.#schemas}`;
    await using database = this.connect();
    await database.unsafe(`CREATE SCHEMA ${schema}`);
    return this.urlOf(schema, socket);
  }

  urlOf(schema: string, socket = this.socket): string {
    return `${this.#url(name, socket)}&search_path=${schema}`;
  }

  /** Connects to the database, by a URL of `newSchema` to its tables. */
  connect(url = this.#url(name, this.socket)): SQL {
    return new SQL(url, { max: 1 });
  }

  /** Creates a database with another encoding, and returns its URL. */
  async newDatabase(encoding: string): Promise<string> {
    const database = encoding.toLowerCase();
    await this.#admin.unsafe(`CREATE DATABASE ${database} ENCODING '${encoding}' TEMPLATE template0`);
    return this.#url(database, this.socket);
  }

  /** The ids of its processes, the first of which has started the others. */
  get pids(): readonly number[] {
    const { pid } = this.#process;
    return [pid, ...childrenOf(pid)];
  }

  /** Kills all its processes at once, as a loss of power does to them. Resolves when none is left. */
  async kill(): Promise<void> {
    // Stopped, it does not notice that the others end.
    this.#process.kill("SIGSTOP");
    const children = childrenOf(this.#process.pid);
    this.#process.kill("SIGKILL");
    for (const pid of children) killIfThere(pid);
    await this.#process.exited;
    // They share memory that the next start must find unused.
    await eventually("all processes of Postgres have ended", () => !children.some(isRunning));
  }

  /** Starts it again after `kill`. Resolves when it takes connections. */
  async restart(): Promise<void> {
    this.#process = this.#run();
    await this.#ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close({ timeout: 0 });
    this.#process.kill("SIGQUIT");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #url(database: string, socket: string): string {
    return `postgres://${name}@localhost/${database}?path=${encodeURIComponent(socket)}`;
  }

  /** Resolves when the server takes connections. Its log is read until the end, so that it never has to wait. */
  async #ready(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    void this.#readLog(ready.resolve).then((text) => ready.reject(new Error(`Postgres has ended:\n${text}`)));
    await ready.promise;
  }

  async #readLog(ready: () => void): Promise<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stderr) {
      // Each connection that it refuses while it starts is a line: the end of the log counts.
      text = (text + decoder.decode(chunk, { stream: true })).slice(-10_000);
      if (/ready to accept (read-only )?connections/.test(text)) ready();
    }
    return text;
  }
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** False for a process that has ended, even if its parent has not asked for its status yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Writes a certificate and its key, and returns the settings that name them. */
function writeTls(folder: string, { chain, privateKey }: IssuedCertificate): Record<string, string> {
  const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  writeFileSync(certificate, chain);
  writeFileSync(key, privateKey, { mode: 0o600 });
  return { ssl_cert_file: certificate, ssl_key_file: key };
}

/**
 * The beginning of a command that ends with this process, and runs as another user if this one is root, whom Postgres
 * refuses. Gives the files to that user.
 */
export function unprivileged(paths: readonly string[]): readonly string[] {
  const dying = Bun.which("setpriv") === null ? [] : ["setpriv", "--pdeathsig", "QUIT"];
  if (process.getuid?.() !== 0) return dying;
  const idOf = (option: string) => Number(Bun.spawnSync(["id", option, "postgres"]).stdout.toString());
  const [user, group] = [idOf("-u"), idOf("-g")];
  for (const path of paths) chownSync(path, user, group);
  return [...dying, "--reuid", "postgres", "--regid", "postgres", "--clear-groups"];
}
