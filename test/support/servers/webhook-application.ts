/** One question, as the application has received it. */
export interface ReceivedQuestion {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The signal aborts when who asked is gone. */
export type Answer = (question: ReceivedQuestion, signal: AbortSignal) => Response | Promise<Response>;

/** An application with a webhook, on a port of its own, until it is disposed of. */
export class WebhookApplication implements AsyncDisposable {
  readonly received: ReceivedQuestion[] = [];
  /** How it answers; may be changed at any time. */
  answer: Answer;
  readonly #server: Bun.Server<undefined>;
  readonly #waiting = new Map<number, () => void>();

  constructor(answer: Answer) {
    this.answer = answer;
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#receive(request) });
  }

  get url(): URL {
    return new URL("/may-enter?key=of-the-url", this.#server.url);
  }

  /** Resolves when it has been asked so often. */
  asked(times: number): Promise<void> {
    if (this.received.length >= times) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(times, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #receive(request: Request): Promise<Response> {
    const { method, signal } = request;
    const question = { method, headers: request.headers.toJSON(), body: await request.text() };
    this.received.push(question);
    this.#waiting.get(this.received.length)?.();
    return this.answer(question, signal);
  }
}

/** For an application that never answers. */
export const never = (): Promise<Response> => new Promise(() => {});

/** For one that always says the same. */
export const says =
  (answer: unknown, status = 200): Answer =>
  () =>
    Response.json(answer, { status });
