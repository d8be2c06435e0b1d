import { within } from "../../within.ts";
import { ServerProcess } from "../server-process.ts";
import { Network } from "./network.ts";
import type { TorturedNode } from "./tortured-cluster.ts";

export interface YurtNodeOptions {
  readonly name: string;
  /** The port on which each of its processes listens. */
  readonly port: number;
  readonly dataFolder: string;
  /** The socket of the database. */
  readonly socket: string;
  /** The URL of the database through another socket. */
  readonly urlThrough: (socket: string) => string;
  /** Another build of the server than this repository's. */
  readonly executable?: string | undefined;
}

const startMs = 20_000;

/** A node of a cluster, with a network of its own to the database. Its processes follow each other. */
export class YurtNode implements TorturedNode, AsyncDisposable {
  readonly name: string;
  readonly #options: YurtNodeOptions;
  readonly #network: Network;
  #process: ServerProcess;
  /** Whether it takes new connections. */
  isServing = false;
  /** The ends of processes that nobody has caused. */
  readonly faults: string[] = [];
  #starts = 0;

  static async start(options: YurtNodeOptions): Promise<YurtNode> {
    const node = new YurtNode(options, await Network.to(options.socket));
    await node.#listen();
    return node;
  }

  private constructor(options: YurtNodeOptions, network: Network) {
    this.name = options.name;
    this.#options = options;
    this.#network = network;
    this.#process = this.#run(options.executable);
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#options.port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The number of its processes so far. */
  get starts(): number {
    return this.#starts;
  }

  /** The first lines of its log, of level error or above, since its last start. */
  get troubles(): readonly string[] {
    return this.#process.troubles;
  }

  /** Resident memory in bytes. */
  get memory(): number {
    return this.#process.memory("now");
  }

  async kill(): Promise<void> {
    this.isServing = false;
    await this.#end("SIGKILL");
  }

  /** Ends it as a service manager does. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.isServing = false;
    return this.#end("SIGTERM");
  }

  /** Starts it again, as another build of the server if `executable` is set. */
  async restart(executable = this.#options.executable): Promise<void> {
    this.#process = this.#run(executable);
    await this.#listen();
  }

  freeze(): void {
    this.isServing = false;
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
    this.isServing = true;
  }

  /** Nothing passes between it and the database until `mend`. */
  cut(): void {
    this.#network.cut();
  }

  mend(options: { readonly forgets: boolean }): void {
    this.#network.mend(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGCONT");
    await this.#end("SIGKILL");
    await this.#network[Symbol.asyncDispose]();
  }

  #run(executable: string | undefined): ServerProcess {
    this.#starts += 1;
    const { dataFolder, port, urlThrough } = this.#options;
    const args = ["--cluster-url", urlThrough(this.#network.socket), "--no-turn", "--drain", "1s"];
    return new ServerProcess({ dataFolder, port, args, executable });
  }

  async #listen(): Promise<void> {
    await within(startMs, `${this.name} listens`, this.#process.port());
    this.isServing = true;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    if (this.#process.hasEnded) this.faults.push(`${this.name} has ended by itself`);
    this.#process.kill(signal);
    const { code } = await within(startMs, `${this.name} ends`, this.#process.ended());
    return code;
  }
}
