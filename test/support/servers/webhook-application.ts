/** A question as the application received it. */
export interface ReceivedQuestion {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers a question. The signal aborts when the client has disconnected. */
export type Answer = (question: ReceivedQuestion, signal: AbortSignal) => Response | Promise<Response>;

/** An application with a webhook, on a port of its own, until it is disposed of. */
export class WebhookApplication implements AsyncDisposable {
  readonly received: ReceivedQuestion[] = [];
  /** The function that answers; a test may replace it at any time. */
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

  /** Resolves when the application has received this number of questions. */
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

/** The answer of an application that never answers. */
export const never = (): Promise<Response> => new Promise(() => {});

/** The answer of an application that always returns the same. */
export const says =
  (answer: unknown, status = 200): Answer =>
  () =>
    Response.json(answer, { status });
