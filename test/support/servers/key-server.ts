import type { TokenSigner } from "../bytes/token-signer.ts";

/** Serves a key set over HTTP on this machine, as well or as badly as a test says. */
export class KeyServer implements AsyncDisposable {
  #answer: (request: Request) => Response | Promise<Response> = () => new Response("{}");
  #server: Bun.Server<undefined> | undefined;
  readonly #port: number;
  requests = 0;

  constructor() {
    this.#port = this.#listen(0);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/keys?secret=1`;
  }

  get location(): { readonly url: URL } {
    return { url: new URL(this.url) };
  }

  answer(answer: (request: Request) => Response | Promise<Response>): void {
    this.#answer = answer;
  }

  async serve(...signers: readonly TokenSigner[]): Promise<void> {
    const keys = await Promise.all(signers.map((signer) => signer.jwk()));
    this.#answer = () => Response.json({ keys });
  }

  async takeDown(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.takeDown();
  }

  #listen(port: number): number {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request) => {
        this.requests += 1;
        return this.#answer(request);
      },
    });
    return this.#server.port ?? 0;
  }
}
