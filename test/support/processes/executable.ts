import { ensureExecutable, executable } from "./ensure-executable.ts";

export { ensureExecutable, executable };

/** The result of a run. */
export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly args?: readonly string[];
  /**
   * The environment of the process, without any inherited variable. Unless it says otherwise, there is no TURN: one server
   * of this machine alone has its usual port.
   */
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Another program instead of the executable, with its first arguments. */
  readonly command?: readonly string[];
}

/** One line of a log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A running executable, its output in pipes. */
export class Run {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #stderr: Promise<string>;
  readonly #read: Promise<void>;
  #stdout = "";
  #hasEnded = false;
  #grown = Promise.withResolvers<void>();

  constructor({ args = [], environment = {}, folder, command = [executable] }: RunOptions) {
    this.#process = Bun.spawn([...command, ...args], {
      cwd: folder,
      env: { YURT_TURN_ENABLED: "false", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#stderr = this.#process.stderr.text();
    this.#read = this.#readStdout();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves with the first line of this event; rejects when the log ends without it. */
  async event(name: string): Promise<LogLine> {
    for (;;) {
      const grown = this.#grown.promise;
      const hasEnded = this.#hasEnded;
      const line = this.#lines().find(({ event }) => event === name);
      if (line !== undefined) return line;
      if (hasEnded) throw new Error(`the log ended without ${name}:\n${this.#stdout}${await this.#stderr}`);
      await grown;
    }
  }

  /** Resolves with the port once the server listens. */
  async port(): Promise<number> {
    return Number((await this.event("listening"))["port"]);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async ended(): Promise<Ending> {
    await this.#process.exited;
    await this.#read;
    return { code: this.#process.exitCode, stdout: this.#stdout, stderr: await this.#stderr };
  }

  /** Kills the process if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  #lines(): readonly LogLine[] {
    return this.#stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  async #readStdout(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      this.#stdout += decoder.decode(chunk, { stream: true });
      this.#grown.resolve();
      this.#grown = Promise.withResolvers();
    }
    this.#hasEnded = true;
    this.#grown.resolve();
  }
}

const deadlineMs = 20_000;

/**
 * Runs the executable to its end. An executable that does not end is killed, so that its test fails and does not hang.
 */
export async function run(options: RunOptions): Promise<Ending> {
  await using running = new Run(options);
  const deadline = setTimeout(() => running.kill("SIGKILL"), deadlineMs);
  const ending = await running.ended();
  clearTimeout(deadline);
  return ending;
}
