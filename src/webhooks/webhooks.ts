import { ExpiringCache } from "../lib/expiring-cache.ts";
import type { Clock } from "../lib/time/clock.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { ChangeWebhookMetrics } from "../ops/metrics/change-webhook-metrics.ts";
import type { Changes } from "../relay/changes.ts";
import type { RoomEvent, RoomEvents } from "../relay/room-events.ts";
import {
  type DisabledReason,
  type DocumentEvent,
  messageBody,
  newMessageId,
  type StoredEndpoint,
  type StoredMessage,
  type WebhookStore,
} from "../storage/webhook-store.ts";
import { Dispatcher, type Verdict } from "./dispatcher.ts";
import { generateSecret, rotatedSecrets } from "./endpoint-secrets.ts";
import type { ContentReader } from "./included-content.ts";
import type { WebhookLimits } from "./limits.ts";
import { type Attempt, RecentDeliveries } from "./recent-deliveries.ts";
import type { RetrySchedule } from "./retry-schedule.ts";
import type { Outcome, Sender } from "./sender.ts";
import { judge } from "./verdicts.ts";

export interface WebhooksOptions {
  readonly store: WebhookStore;
  readonly changes: Pick<Changes, "watchAll">;
  readonly events: Pick<RoomEvents, "watch">;
  readonly sender: Pick<Sender, "send">;
  readonly readContent: ContentReader;
  readonly schedule: RetrySchedule;
  readonly clock: Clock;
  readonly limits: WebhookLimits;
  readonly log: Log;
  readonly metrics: ChangeWebhookMetrics;
}

/** The settings of an endpoint that a request decides. */
export interface EndpointSettings
  extends Pick<
    StoredEndpoint,
    "url" | "description" | "events" | "documents" | "include" | "debounceMs" | "maxWaitMs"
  > {
  readonly isEnabled: boolean;
}

/** A message with its last attempt, as far as it is known. */
export interface Delivery {
  readonly message: StoredMessage;
  readonly state: "waiting" | "delivered" | "gave-up";
  readonly last: Attempt | undefined;
}

interface Entry {
  endpoint: StoredEndpoint;
  /** Undefined while the endpoint is disabled. */
  dispatcher: Dispatcher | undefined;
  readonly recent: RecentDeliveries;
}

/** Messages that were given up are kept for so long. */
const keptMs = 7 * 86_400_000;
const pruneEveryMs = 3_600_000;
/** A failure in a room is told once in this time. */
const failureEveryMs = 60_000;
const rememberedFailures = 1_000;
const shownMessages = 100;

/** The change webhooks of a server: tells applications of what happens to documents. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #limitedLog: LimitedLog;
  readonly #entries = new Map<string, Entry>();
  readonly #failures: ExpiringCache<true>;
  /** The work that is to be finished before the store closes. */
  readonly #pending = new Set<Promise<void>>();
  /** The endpoints change one after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #unwatchChanges: (() => void) | undefined;
  #unwatchEvents: (() => void) | undefined;
  #cancelPrune: (() => void) | undefined;
  #isClosed = false;

  /** Reads the endpoints, and begins to deliver what is left. Rejects with `StoreError`. */
  static async open(options: WebhooksOptions): Promise<Webhooks> {
    const webhooks = new Webhooks(options);
    for (const endpoint of await options.store.endpoints()) webhooks.#add(endpoint);
    webhooks.#watch();
    webhooks.#prune();
    return webhooks;
  }

  private constructor(options: WebhooksOptions) {
    this.#options = options;
    const { clock, log, metrics, store } = options;
    this.#limitedLog = new LimitedLog(log, clock);
    this.#failures = new ExpiringCache(rememberedFailures, clock);
    store.whenRecorded((document) => {
      for (const { dispatcher } of this.#entries.values()) dispatcher?.recorded(document);
    });
    metrics.changeWebhookWaiting.readFrom(() => this.#sum(({ dispatcher }) => dispatcher?.size ?? 0));
    metrics.changeWebhooks.readFrom("enabled", () => this.#sum(({ dispatcher }) => (dispatcher === undefined ? 0 : 1)));
    metrics.changeWebhooks.readFrom("disabled", () =>
      this.#sum(({ dispatcher }) => (dispatcher === undefined ? 1 : 0)),
    );
    metrics.changeWebhookFailing.readFrom(() => {
      const since = Array.from(this.#entries.values(), ({ endpoint }) => endpoint.failingSince ?? clock.now());
      return Math.max(0, (clock.now() - Math.min(clock.now(), ...since)) / 1_000);
    });
  }

  get endpoints(): readonly StoredEndpoint[] {
    return Array.from(this.#entries.values(), ({ endpoint }) => endpoint);
  }

  find(id: string): StoredEndpoint | undefined {
    return this.#entries.get(id)?.endpoint;
  }

  /** Adds an endpoint, with a new secret; undefined if there are too many. */
  create({ isEnabled, ...settings }: EndpointSettings): Promise<StoredEndpoint | undefined> {
    return this.#inTurn(async () => {
      const { clock, limits, store } = this.#options;
      if (this.#entries.size >= limits.changeWebhooks) return undefined;
      const now = clock.now();
      const endpoint: StoredEndpoint = {
        ...settings,
        id: `wh_${crypto.randomUUID().replaceAll("-", "")}`,
        secrets: [{ secret: generateSecret(), expiresAt: undefined }],
        createdAt: now,
        disabled: isEnabled ? undefined : { reason: "request", at: now },
        failingSince: undefined,
      };
      await store.save(endpoint);
      this.#add(endpoint);
      this.#watch();
      return endpoint;
    });
  }

  /** Changes an endpoint. An endpoint that is enabled begins anew to fail. Undefined if there is none. */
  change(id: string, { isEnabled, ...settings }: Partial<EndpointSettings>): Promise<StoredEndpoint | undefined> {
    return this.#change(id, (endpoint) => {
      if (isEnabled === undefined) return { ...endpoint, ...settings };
      const disabled = endpoint.disabled ?? { reason: "request", at: this.#options.clock.now() };
      const failingSince = isEnabled && endpoint.disabled !== undefined ? undefined : endpoint.failingSince;
      return { ...endpoint, ...settings, failingSince, disabled: isEnabled ? undefined : disabled };
    });
  }

  /** Gives an endpoint a new secret; the former one signs as well for `overlapMs`. Undefined if there is none. */
  rotate(id: string, overlapMs: number): Promise<StoredEndpoint | undefined> {
    return this.#change(id, (endpoint) => ({
      ...endpoint,
      secrets: rotatedSecrets(endpoint.secrets, this.#options.clock.now() + overlapMs),
    }));
  }

  /** Removes an endpoint with what is left to deliver. Returns false if there is none. */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return false;
      await entry.dispatcher?.close();
      entry.dispatcher = undefined;
      await this.#options.store.remove(id);
      this.#entries.delete(id);
      this.#watch();
      return true;
    });
  }

  /** Sends a `ping` at once, once. Undefined if there is no such endpoint. */
  async test(id: string): Promise<{ readonly outcome: Outcome; readonly durationMs: number } | undefined> {
    const endpoint = this.find(id);
    if (endpoint === undefined) return undefined;
    const { clock, sender } = this.#options;
    const startedAt = clock.elapsedMs();
    const body = messageBody("ping", clock.now(), { webhook: id });
    const outcome = await sender.send(endpoint, { id: newMessageId(), body }, new AbortController().signal);
    return { outcome, durationMs: clock.elapsedMs() - startedAt };
  }

  /**
   * The messages that wait or were given up, the oldest first, and the last ones that were delivered since the server
   * started. Undefined if there is no such endpoint.
   */
  async deliveries(id: string): Promise<readonly Delivery[] | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const stored = await this.#options.store.messages(id, shownMessages);
    return [
      ...stored.map(
        (message): Delivery => ({
          message,
          state: message.failedAt === undefined ? "waiting" : "gave-up",
          last: entry.recent.of(message.id),
        }),
      ),
      ...entry.recent.delivered.map((last): Delivery => ({ message: last.message, state: "delivered", last })),
    ];
  }

  /**
   * Sends a message again, byte for byte, in its document's turn: one that was given up, one that waits for its next
   * attempt, or one that was delivered lately. Returns false if there is no such message, or if it has the content of a
   * document that was purged since.
   */
  async redeliver(id: string, messageId: string): Promise<boolean> {
    const { clock, store } = this.#options;
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    const dueAt = clock.now();
    const stored = await store.message(id, messageId);
    const message = stored ?? entry.recent.of(messageId)?.message;
    if (message === undefined) return false;
    if (stored !== undefined) {
      const attempts = stored.failedAt === undefined ? stored.attempts : 0;
      await store.failed(id, { ...stored, attempts, dueAt, failedAt: undefined });
    } else {
      const { cursor } = await store.lane(id, message.document);
      if (!(await store.begin(id, { ...message, attempts: 0, dueAt }, cursor))) return false;
    }
    entry.dispatcher?.hasten(message.document);
    return true;
  }

  /** Records an event that no change of the store records by itself. */
  async record(event: DocumentEvent): Promise<void> {
    await this.#options.store.record(event);
  }

  /** Interrupts all attempts. The remaining messages are delivered after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelPrune?.();
    this.#unwatchChanges?.();
    this.#unwatchEvents?.();
    await this.#changing;
    await Promise.all(Array.from(this.#entries.values(), ({ dispatcher }) => dispatcher?.close()));
    await Promise.all(this.#pending);
  }

  #sum(count: (entry: Entry) => number): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + count(entry), 0);
  }

  #add(endpoint: StoredEndpoint): void {
    const dispatcher = endpoint.disabled === undefined ? this.#dispatch(endpoint) : undefined;
    this.#entries.set(endpoint.id, { endpoint, dispatcher, recent: new RecentDeliveries() });
  }

  #dispatch(endpoint: StoredEndpoint): Dispatcher {
    return new Dispatcher(endpoint, {
      ...this.#options,
      attempt: (_, message, signal) => this.#attempt(endpoint.id, message, signal),
      storeFailed: (error) => this.#limitedLog.error({ event: "change-webhook-store-failed", err: error }),
    });
  }

  /** Watches what an endpoint has subscribed to, and nothing else: updates are many. */
  #watch(): void {
    const enabled = this.endpoints.filter(({ disabled }) => disabled === undefined);
    if (enabled.some(({ events }) => events.includes("doc.updated"))) {
      this.#unwatchChanges ??= this.#options.changes.watchAll((change) => {
        for (const { dispatcher } of this.#entries.values()) dispatcher?.changed(change);
      });
    } else {
      this.#unwatchChanges?.();
      this.#unwatchChanges = undefined;
    }
    if (enabled.length > 0) {
      this.#unwatchEvents ??= this.#options.events.watch((event) => this.#roomEvent(event));
    } else {
      this.#unwatchEvents?.();
      this.#unwatchEvents = undefined;
    }
  }

  #roomEvent({ document, type, user }: RoomEvent): void {
    const isWanted = this.endpoints.some((endpoint) => endpoint.events.includes(type));
    if (!isWanted) return;
    if (type === "compaction.failed" || type === "quota.exceeded") {
      const key = `${type} ${document}`;
      if (this.#failures.get(key) === true) return;
      this.#failures.set(key, true, failureEveryMs);
    }
    const data = user === undefined ? {} : { data: { user } };
    this.#finish(
      this.record({ type, document, ...data }).catch((error: unknown) =>
        this.#limitedLog.error({ event: "change-webhook-store-failed", err: error }),
      ),
    );
  }

  #finish(task: Promise<void>): void {
    const pending = task.finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  async #attempt(id: string, message: StoredMessage, signal: AbortSignal): Promise<Verdict> {
    const { clock, metrics, schedule, sender } = this.#options;
    const entry = this.#entries.get(id);
    if (entry === undefined) return { kind: "stop" };
    const [startedAt, endTimer] = [clock.elapsedMs(), metrics.changeWebhookDuration.startTimer()];
    const outcome = await sender.send(entry.endpoint, message, signal);
    if (outcome.kind === "interrupted") return { kind: "stop" };
    endTimer();
    const now = clock.now();
    entry.recent.add({ message, outcome, at: now, durationMs: Math.round(clock.elapsedMs() - startedAt) });
    const { disable, verdict } = judge(
      { outcome, failures: message.attempts, endpoint: entry.endpoint, now },
      schedule,
    );
    metrics.changeWebhookAttempts.inc({ outcome: outcome.kind === "delivered" ? "delivered" : "failed" });
    this.#setFailing(entry, outcome.kind === "delivered" ? undefined : (entry.endpoint.failingSince ?? now));
    if (outcome.kind !== "delivered") this.#logFailure(id, message, outcome);
    if (verdict.kind === "give-up") {
      metrics.changeWebhookAttempts.inc({ outcome: "gave-up" });
      this.#limitedLog.warn({ event: "change-webhook-gave-up", webhook: id, message: message.id });
    }
    if (disable !== undefined) void this.#disable(id, disable);
    return verdict;
  }

  #logFailure(
    webhook: string,
    { type }: StoredMessage,
    outcome: Exclude<Outcome, { readonly kind: "delivered" }>,
  ): void {
    const reason = outcome.kind === "failed" ? outcome.reason : outcome.kind;
    const status = "status" in outcome ? outcome.status : undefined;
    this.#limitedLog.warn({ event: "change-webhook-failed", webhook, type, reason, status });
  }

  /** Stores since when an endpoint fails, when that changes: seldom. */
  #setFailing({ endpoint }: Entry, failingSince: number | undefined): void {
    if (endpoint.failingSince === failingSince) return;
    void this.#changeOrLog(endpoint.id, (current) => ({ ...current, failingSince }));
  }

  async #disable(id: string, reason: DisabledReason): Promise<void> {
    const at = this.#options.clock.now();
    await this.#changeOrLog(id, (endpoint) => ({ ...endpoint, disabled: endpoint.disabled ?? { reason, at } }));
    this.#options.log.warn({ event: "change-webhook-disabled", webhook: id, reason });
  }

  async #changeOrLog(id: string, change: (endpoint: StoredEndpoint) => StoredEndpoint): Promise<void> {
    try {
      await this.#change(id, change);
    } catch (error) {
      this.#limitedLog.error({ event: "change-webhook-store-failed", err: error });
    }
  }

  #change(id: string, change: (endpoint: StoredEndpoint) => StoredEndpoint): Promise<StoredEndpoint | undefined> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return undefined;
      const endpoint = change(entry.endpoint);
      await this.#options.store.save(endpoint);
      entry.endpoint = endpoint;
      await this.#dispatchAs(entry);
      this.#watch();
      return endpoint;
    });
  }

  async #dispatchAs(entry: Entry): Promise<void> {
    const { dispatcher, endpoint } = entry;
    if (endpoint.disabled === undefined) {
      if (dispatcher === undefined) entry.dispatcher = this.#isClosed ? undefined : this.#dispatch(endpoint);
      else dispatcher.replace(endpoint);
      return;
    }
    entry.dispatcher = undefined;
    // An attempt may be what disables the endpoint: it is not waited for.
    if (dispatcher !== undefined) this.#finish(dispatcher.close());
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#changing.then(task);
    this.#changing = result.catch(() => {});
    return result;
  }

  #prune(): void {
    const { clock, store } = this.#options;
    this.#cancelPrune = clock.after(pruneEveryMs, () => {
      store
        .prune(clock.now() - keptMs)
        .catch((error: unknown) => this.#limitedLog.error({ event: "change-webhook-store-failed", err: error }));
      this.#prune();
    });
  }
}
