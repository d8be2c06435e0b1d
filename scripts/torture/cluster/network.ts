/** A request to the thread of a network. */
export type NetworkRequest = "cut" | "mend" | "mend and forget" | "close";

/** The network between a node and the engine, in a thread of its own: clients of this one must not delay the node. */
export class Network implements AsyncDisposable {
  /** The socket of the engine as the node sees it. */
  readonly socket: string;
  readonly #worker: Worker;

  /** `target` is the socket of the engine. */
  static async to(target: string): Promise<Network> {
    const worker = new Worker(new URL("network-worker.ts", import.meta.url), { argv: [target] });
    const socket = await new Promise<string>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    return new Network(socket, worker);
  }

  private constructor(socket: string, worker: Worker) {
    this.socket = socket;
    this.#worker = worker;
  }

  /** Nothing passes until `mend`. */
  cut(): void {
    this.#ask("cut");
  }

  /** As `CuttingProxy.mend`. */
  mend({ forgets }: { readonly forgets: boolean }): void {
    this.#ask(forgets ? "mend and forget" : "mend");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<unknown>((resolve) => {
      this.#worker.onmessage = resolve;
    });
    this.#ask("close");
    await closed;
    this.#worker.terminate();
  }

  #ask(request: NetworkRequest): void {
    this.#worker.postMessage(request);
  }
}
