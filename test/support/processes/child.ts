/** Runs a TypeScript file of this folder as a process of its own and reads its standard output by lines. */
export class Child implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #stderr: Promise<string>;
  readonly #lines: AsyncGenerator<string>;

  /** `prefix` is a command that runs the rest of its arguments. */
  constructor(script: string, args: readonly string[], prefix: readonly string[] = []) {
    this.#process = Bun.spawn([...prefix, process.execPath, `${import.meta.dir}/${script}`, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#stderr = this.#process.stderr.text();
    this.#lines = linesOf(this.#process.stdout);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves with the next line; rejects when there is none. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the child ended early: ${await this.#stderr}`);
    return value;
  }

  /** Resolves with all lines that have not been read, once the process has ended. */
  async rest(): Promise<readonly string[]> {
    const lines = await Array.fromAsync(this.#lines);
    await this.#process.exited;
    return lines;
  }

  /** Null when a signal ended the process. */
  async exitCode(): Promise<number | null> {
    await this.#process.exited;
    return this.#process.exitCode;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#process.exited;
  }
}

/** Splits a stream into lines. A last line without an end, which a killed process leaves, is dropped. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
  return undefined;
}
