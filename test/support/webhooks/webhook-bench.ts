import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { Changes } from "../../../src/relay/changes.ts";
import { RoomEvents } from "../../../src/relay/room-events.ts";
import { type FileStore, openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { StoredEndpoint } from "../../../src/storage/webhook-store.ts";
import type { ContentReader } from "../../../src/webhooks/included-content.ts";
import type { Outcome, OutgoingMessage } from "../../../src/webhooks/sender.ts";
import { Webhooks } from "../../../src/webhooks/webhooks.ts";
import { settled } from "../eventually.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { recordedLog } from "../fakes/recorded-log.ts";

export interface SentMessage {
  readonly endpoint: string;
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly document: string;
    readonly fromSequence: number;
    readonly sequence: number;
    readonly users: readonly string[];
    readonly bytes: number;
    readonly user?: string;
    readonly content?: unknown;
    readonly contentSequence?: number;
    readonly contentOmitted?: string;
  };
  readonly body: string;
}

export const delivered: Outcome = { kind: "delivered", status: 200 };
export const unavailable: Outcome = { kind: "failed", reason: "status", status: 500 };

/** Webhooks on a store in a file, with a clock and a network of the test's own. */
export class WebhookBench {
  readonly clock = new FakeClock();
  readonly changes = new Changes();
  readonly events = new RoomEvents();
  readonly metrics = createMetrics();
  readonly recorded = recordedLog();
  readonly sent: SentMessage[] = [];
  /** The requests that are being answered. */
  inFlight = 0;
  mostInFlight = 0;
  /** The answer to a message; delivered by default. */
  answer: (message: SentMessage) => Outcome | Promise<Outcome> = () => delivered;
  /** Reads the content of documents; there is none by default. */
  readContent: ContentReader = async () => undefined;
  readonly limits: { -readonly [Name in keyof Limits]: number } = { ...defaultLimits };
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-webhooks-"));
  #store: FileStore | undefined;
  #webhooks: Webhooks | undefined;

  async open(): Promise<void> {
    const { changes, clock, events, limits, metrics } = this;
    this.#store = openSqliteStore({ file: join(this.#folder, "store.db"), metrics: createMetrics(), clock });
    this.#webhooks = await Webhooks.open({
      store: this.#store.webhooks,
      changes,
      events,
      clock,
      limits,
      metrics,
      log: this.recorded.log,
      schedule: { delaysMs: [5_000, 30_000], random: () => 0 },
      readContent: (...asked) => this.readContent(...asked),
      sender: { send: (endpoint, message, signal) => this.#send(endpoint, message, signal) },
    });
    await this.settle();
  }

  get store(): FileStore {
    if (this.#store === undefined) throw new Error("not open");
    return this.#store;
  }

  get webhooks(): Webhooks {
    if (this.#webhooks === undefined) throw new Error("not open");
    return this.#webhooks;
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async close(): Promise<void> {
    await this.#webhooks?.close();
    await this.#store?.close();
  }

  async dispose(): Promise<void> {
    await this.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Adds an endpoint for the updates of all documents, except where `changed` says otherwise. */
  async subscribe(changed: Partial<Parameters<Webhooks["create"]>[0]> = {}): Promise<StoredEndpoint> {
    const endpoint = await this.webhooks.create({
      url: "https://app.example.com/hook",
      description: "",
      events: ["doc.updated"],
      documents: ["**"],
      debounceMs: 2_000,
      maxWaitMs: 10_000,
      isEnabled: true,
      ...changed,
    });
    if (endpoint === undefined) throw new Error("too many endpoints");
    await this.settle();
    return endpoint;
  }

  /** Commits an update, as a room does; returns its row. */
  async write(document: string, user?: string): Promise<number> {
    const update = Uint8Array.of(1, 2, 3);
    const [row = Number.NaN] = await this.store.append([{ document, update, user }]);
    this.changes.committed({ document, row, update, user });
    await this.settle();
    return row;
  }

  /** Lets time pass, in steps, so that what is due is done at its time. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) {
      this.clock.runTurns();
      await settled();
    }
  }

  async #send(endpoint: StoredEndpoint, { body, id }: OutgoingMessage, signal: AbortSignal): Promise<Outcome> {
    const message: SentMessage = { endpoint: endpoint.id, id, body, ...JSON.parse(body) };
    this.sent.push(message);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    const interrupted = new Promise<Outcome>((resolve) => {
      signal.addEventListener("abort", () => resolve({ kind: "interrupted" }));
    });
    const outcome = await Promise.race([this.answer(message), interrupted]);
    this.inFlight -= 1;
    return outcome;
  }
}
