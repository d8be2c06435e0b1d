import { Webhook } from "standardwebhooks";
import type { Random } from "../../../test/support/bytes/random.ts";
import type { Faults } from "../outcome.ts";

/** One in this many requests is answered with an error. */
const refusedOf = 5;

/** The messages about one document that were accepted. */
interface Received {
  /** The `sequence` of the last `doc.updated`. */
  reported: number | undefined;
  readonly events: string[];
}

/** An application that receives messages, refuses some of them, and checks those that it accepts. */
export class WebhookReceiver implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #random: Random;
  readonly #faults: Faults;
  /** The bodies of the messages by id. */
  readonly #bodies = new Map<string, string>();
  readonly #accepted = new Set<string>();
  readonly #documents = new Map<string, Received>();
  #verifier: Webhook | undefined;
  refused = 0;
  repeated = 0;

  constructor(random: Random, faults: Faults) {
    this.#random = random;
    this.#faults = faults;
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#receive(request) });
  }

  get url(): string {
    return this.#server.url.href;
  }

  get accepted(): number {
    return this.#accepted.size;
  }

  verifyWith(secret: string): void {
    this.#verifier = new Webhook(secret);
  }

  /** The sequence up to which updates of a document were reported. */
  reported(document: string): number {
    return this.#documents.get(document)?.reported ?? 0;
  }

  /** The types of the events about a document, besides updates. */
  events(document: string): readonly string[] {
    return this.#documents.get(document)?.events ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #receive(request: Request): Promise<Response> {
    const id = request.headers.get("webhook-id") ?? "";
    const body = await request.text().catch(() => undefined);
    // The server was killed while it sent.
    if (body === undefined) return new Response(null, { status: 400 });
    try {
      this.#verifier?.verify(body, request.headers.toJSON());
    } catch {
      this.#faults.add(`the signature of ${id} is not valid`);
    }
    const former = this.#bodies.get(id);
    this.#faults.unless(former === undefined || former === body, `${id} was sent with two bodies`);
    this.#bodies.set(id, body);
    if (this.#random.integer(refusedOf) === 0) {
      this.refused += 1;
      return new Response(null, { status: this.#random.integer(2) === 0 ? 500 : 429 });
    }
    if (this.#accepted.has(id)) this.repeated += 1;
    else this.#accept(id, JSON.parse(body));
    return new Response(null, { status: 204 });
  }

  #accept(id: string, { data, type }: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }) {
    this.#accepted.add(id);
    const document = String(data["document"]);
    const received = this.#documents.get(document) ?? { reported: undefined, events: [] };
    this.#documents.set(document, received);
    if (type !== "doc.updated") {
      received.events.push(type);
      return;
    }
    const [from, to] = [Number(data["fromSequence"]), Number(data["sequence"])];
    const { reported } = received;
    this.#faults.unless(from < to, `${id}: a report from ${from} to ${to}`);
    const isContinued = reported === undefined || from === reported;
    this.#faults.unless(isContinued, `${document}: told until ${reported}, then from ${from}`);
    received.reported = to;
  }
}
