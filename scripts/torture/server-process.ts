import { readFileSync, writeFileSync } from "node:fs";
import { executable as ownExecutable } from "../../test/support/processes/executable.ts";

export interface ServerProcessOptions {
  readonly dataFolder: string;
  /** The port; 0, the default, means any free one. */
  readonly port?: number;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
  /** A command that runs the rest of its arguments and becomes that process. */
  readonly prefix?: readonly string[];
  /** Another build of the server than this repository's. */
  readonly executable?: string | undefined;
}

/** One line of the server's log. */
type LogLine = Readonly<Record<string, unknown>>;

const keptTroubles = 50;

/**
 * The executable as a process, on loopback.
 *
 * It keeps the count of each log event and the lines that report trouble, because a torture logs more lines than memory
 * should hold.
 */
export class ServerProcess implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #stderr: Promise<string>;
  readonly #read: Promise<void>;
  readonly #listening = Promise.withResolvers<number>();
  readonly #events = new Map<string, number>();
  readonly #troubles: string[] = [];

  constructor(options: ServerProcessOptions) {
    const { dataFolder, port = 0, args = [], prefix = [], executable = ownExecutable } = options;
    this.#process = Bun.spawn([...prefix, executable, "--port", String(port), "--data", dataFolder, ...args], {
      env: {},
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#stderr = this.#process.stderr.text();
    this.#read = this.#readLog();
    // The rejection has no other handler if the port is never requested.
    this.#listening.promise.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The first lines of level error or above. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  /** Resolves with the port once the server listens; rejects when it ends before. */
  port(): Promise<number> {
    return this.#listening.promise;
  }

  /** The number of log lines with this event. */
  count(event: string): number {
    return this.#events.get(event) ?? 0;
  }

  /**
   * Resident memory in bytes; with `peak` the highest since `forgetPeak`, or since the start. Only Linux reports it.
   */
  memory(which: "now" | "peak"): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const kibibytes = new RegExp(`^${which === "now" ? "VmRSS" : "VmHWM"}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
    return Number(kibibytes) * 1024;
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, "5");
  }

  /** True if /readyz reports that the server is ready. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${await this.port()}/readyz`);
    await response.body?.cancel();
    return response.status === 200;
  }

  /**
   * True if the server still holds its end of a connection. A connection that only the kernel still sends does not
   * count.
   */
  async holds(clientPort: number): Promise<boolean> {
    const port = await this.port();
    const end = (number: number) => number.toString(16).toUpperCase().padStart(4, "0");
    // The columns of the table are: number, local address, remote address, state, queues, timer, retries, user,
    // timeout, inode.
    const line = new RegExp(`\\w+: \\w+:${end(port)} \\w+:${end(clientPort)} (?:\\S+ +){6}(\\d+)`);
    const inode = line.exec(readFileSync(`/proc/${this.pid}/net/tcp`, "utf8"))?.[1] ?? "0";
    return inode !== "0";
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /**
   * Resolves when the process has ended and its output is read to the end: with its exit code, or null after a signal.
   */
  async ended(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    await this.#process.exited;
    await this.#read;
    return { code: this.#process.exitCode, stderr: await this.#stderr };
  }

  /** Kills the process if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }

  async #readLog(): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.#process.stdout) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#log(line);
    }
    this.#listening.reject(new Error(`the server ended before it listened: ${await this.#stderr}`));
  }

  #log(text: string): void {
    const line: LogLine = JSON.parse(text);
    const event = String(line["event"]);
    this.#events.set(event, (this.#events.get(event) ?? 0) + 1);
    if (event === "listening") this.#listening.resolve(Number(line["port"]));
    const isTrouble = line["level"] === "error" || line["level"] === "fatal";
    if (isTrouble && this.#troubles.length < keptTroubles) this.#troubles.push(text);
  }
}
