import { join } from "node:path";
import { within } from "../../../within.ts";

const limitMs = 60_000;

/** A program of this folder's parent in a process of its own, which answers each message with one. */
export class ChildProgram implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  #received = Promise.withResolvers<unknown>();

  private constructor(file: string, args: readonly string[]) {
    this.#process = Bun.spawn([process.execPath, "--no-env-file", join(import.meta.dir, "..", file), ...args], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (message) => this.#received.resolve(message),
      onExit: (_, code) => {
        this.#received.promise.catch(() => {});
        this.#received.reject(new Error(`${file} ended with ${code}`));
      },
    });
  }

  /** Resolves when the program is ready. */
  static async start(file: string, ...args: readonly string[]): Promise<ChildProgram> {
    const child = new ChildProgram(file, args);
    await within(limitMs, `${file} is ready`, child.#received.promise);
    return child;
  }

  /** Sends a message, and resolves with the answer; the caller knows its type. */
  async ask<Answer>(message: string, withinMs = limitMs): Promise<Answer> {
    this.#received = Promise.withResolvers();
    this.#process.send(message);
    return (await within(withinMs, "an answer", this.#received.promise)) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
