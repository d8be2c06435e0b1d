import type { Clock } from "../lib/time/clock.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { ChangeWebhookMetrics } from "../ops/metrics/change-webhook-metrics.ts";
import type { Changes } from "../relay/changes.ts";
import type { RoomEvent, RoomEvents } from "../relay/room-events.ts";
import {
  type DocumentEvent,
  messageBody,
  newMessageId,
  type StoredEndpoint,
  type StoredMessage,
  type WebhookStore,
} from "../storage/webhook-store.ts";
import { Attempts, type AttemptsOptions, type Entry } from "./attempts.ts";
import { Dispatcher } from "./dispatcher.ts";
import { generateSecret, rotatedSecrets } from "./endpoint-secrets.ts";
import type { ContentReader } from "./included-content.ts";
import type { WebhookLimits } from "./limits.ts";
import { type Attempt, RecentDeliveries } from "./recent-deliveries.ts";
import type { RetrySchedule } from "./retry-schedule.ts";
import type { Outcome, Sender } from "./sender.ts";
import { SharedDelivery, type SharedDeliveryOptions } from "./shared-delivery.ts";
import { ToldFailures } from "./told-failures.ts";

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
  /** The other servers of the database; undefined for a server on its own. */
  readonly shared?: SharedDeliveryOptions | undefined;
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

/** Messages that were given up are kept for so long. */
const keptMs = 7 * 86_400_000;
const pruneEveryMs = 3_600_000;
const shownMessages = 100;

/** The change webhooks of a server: tells applications of what happens to documents. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #limitedLog: LimitedLog;
  readonly #attempts: Attempts;
  readonly #entries = new Map<string, Entry>();
  readonly #failures: ToldFailures;
  /** The work that is to be finished before the store closes. */
  readonly #pending = new Set<Promise<void>>();
  /** The endpoints change one after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #unwatchChanges: (() => void) | undefined;
  #unwatchEvents: (() => void) | undefined;
  #cancelPrune: (() => void) | undefined;
  /** Undefined for a server on its own, which delivers. */
  readonly #shared: SharedDelivery | undefined;
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
    const change: AttemptsOptions["change"] = (id, task) => this.#changeOrLog(id, task);
    this.#attempts = new Attempts({ ...options, limitedLog: this.#limitedLog, change });
    this.#failures = new ToldFailures(clock);
    store.whenRecorded((document) => {
      for (const { dispatcher } of this.#entries.values()) dispatcher?.recorded(document);
      if (this.#entries.size > 0) this.#shared?.recorded(document, false);
    });
    this.#shared =
      options.shared &&
      new SharedDelivery(options.shared, {
        recorded: (document, isUrgent) => this.#toldOf(document, isUrgent),
        leadChanged: () => this.#readEndpoints(),
        endpointsChanged: () => this.#readEndpoints(),
        missed: () => {
          this.#readEndpoints();
          for (const { dispatcher } of this.#entries.values()) dispatcher?.lookUp();
        },
      });
    metrics.changeWebhookWaiting.readFrom(() => this.#sum(({ dispatcher }) => dispatcher?.size ?? 0));
    const isDisabled = ({ endpoint }: Entry) => (endpoint.disabled === undefined ? 0 : 1);
    metrics.changeWebhooks.readFrom("enabled", () => this.#sum((entry) => 1 - isDisabled(entry)));
    metrics.changeWebhooks.readFrom("disabled", () => this.#sum(isDisabled));
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
      this.#shared?.endpointsChanged();
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
      this.#shared?.endpointsChanged();
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
    this.#shared?.recorded(message.document, true);
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

  readonly #storeFailed = (error: unknown): void => {
    this.#limitedLog.error({ event: "change-webhook-store-failed", err: error });
  };

  #sum(count: (entry: Entry) => number): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + count(entry), 0);
  }

  #add(endpoint: StoredEndpoint): void {
    const dispatcher = endpoint.disabled === undefined && this.#delivers ? this.#dispatch(endpoint) : undefined;
    this.#entries.set(endpoint.id, { endpoint, dispatcher, recent: new RecentDeliveries() });
  }

  /** Whether this server delivers. Others do if they share the database. */
  get #delivers(): boolean {
    return !this.#isClosed && (this.#shared === undefined || this.#shared.isLeading);
  }

  #toldOf(document: string, isUrgent: boolean): void {
    for (const { dispatcher } of this.#entries.values()) {
      if (isUrgent) dispatcher?.hasten(document);
      else dispatcher?.recorded(document);
    }
  }

  /** Takes over what other servers have changed, and delivers, or ceases to, as the lead says. */
  #readEndpoints(): void {
    const reading = this.#inTurn(async () => {
      if (this.#isClosed) return;
      const found = new Map((await this.#options.store.endpoints()).map((endpoint) => [endpoint.id, endpoint]));
      for (const [id, { dispatcher }] of this.#entries) {
        if (found.has(id)) continue;
        this.#entries.delete(id);
        await dispatcher?.close();
      }
      for (const [id, endpoint] of found) {
        const entry = this.#entries.get(id);
        if (entry === undefined) this.#add(endpoint);
        else {
          entry.endpoint = endpoint;
          this.#dispatchAs(entry);
        }
      }
      this.#watch();
    });
    this.#finish(reading.catch(this.#storeFailed));
  }

  #dispatch(endpoint: StoredEndpoint): Dispatcher {
    return new Dispatcher(endpoint, {
      ...this.#options,
      attempt: async (_, message, signal) => {
        const entry = this.#entries.get(endpoint.id);
        return entry === undefined ? { kind: "stop" } : this.#attempts.make(entry, message, signal);
      },
      storeFailed: this.#storeFailed,
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

  #roomEvent(event: RoomEvent): void {
    const { document, type, user } = event;
    const isWanted = this.endpoints.some((endpoint) => endpoint.events.includes(type));
    if (!isWanted || !this.#failures.takes(event)) return;
    const data = user === undefined ? {} : { data: { user } };
    this.#finish(this.record({ type, document, ...data }).catch(this.#storeFailed));
  }

  #finish(task: Promise<void>): void {
    const pending = task.finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  async #changeOrLog(id: string, change: (endpoint: StoredEndpoint) => StoredEndpoint): Promise<void> {
    try {
      await this.#change(id, change);
    } catch (error) {
      this.#storeFailed(error);
    }
  }

  #change(id: string, change: (endpoint: StoredEndpoint) => StoredEndpoint): Promise<StoredEndpoint | undefined> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return undefined;
      const endpoint = change((await this.#asStored(id)) ?? entry.endpoint);
      await this.#options.store.save(endpoint);
      this.#shared?.endpointsChanged();
      entry.endpoint = endpoint;
      this.#dispatchAs(entry);
      this.#watch();
      return endpoint;
    });
  }

  /** Another server may have changed the endpoint just now. Undefined for a server on its own, which knows it. */
  async #asStored(id: string): Promise<StoredEndpoint | undefined> {
    if (this.#shared === undefined) return undefined;
    return (await this.#options.store.endpoints()).find((endpoint) => endpoint.id === id);
  }

  #dispatchAs(entry: Entry): void {
    const { dispatcher, endpoint } = entry;
    if (endpoint.disabled === undefined && this.#delivers) {
      if (dispatcher === undefined) entry.dispatcher = this.#dispatch(endpoint);
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
      if (this.#delivers) store.prune(clock.now() - keptMs).catch(this.#storeFailed);
      this.#prune();
    });
  }
}
