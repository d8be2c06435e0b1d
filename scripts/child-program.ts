import { basename } from "node:path";
import { within } from "./within.ts";

const limitMs = 60_000;

export interface ChildProgramOptions {
  /** The path of the program's file. */
  readonly path: string;
  readonly args: readonly string[];
  /** Variables besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program in a process of its own. It sends a message when it is ready, and answers each message with one. */
export class ChildProgram implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  #received = Promise.withResolvers<unknown>();

  private constructor({ path, args, environment }: ChildProgramOptions) {
    this.#process = Bun.spawn([process.execPath, "--no-env-file", path, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (message) => this.#received.resolve(message),
      onExit: (_, code) => {
        this.#received.promise.catch(() => {});
        this.#received.reject(new Error(`${basename(path)} ended with ${code}`));
      },
    });
  }

  /** Resolves when the program is ready. */
  static async start(options: ChildProgramOptions): Promise<ChildProgram> {
    const child = new ChildProgram(options);
    try {
      await within(limitMs, `${basename(options.path)} is ready`, child.#received.promise);
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a message, and resolves with the answer; the caller knows its type. */
  async ask<Answer>(message: unknown, withinMs = limitMs): Promise<Answer> {
    this.#received = Promise.withResolvers();
    this.#process.send(message);
    return (await within(withinMs, "an answer", this.#received.promise)) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
