import { matchesRoom } from "../auth/room-pattern.ts";
import type { Clock } from "../lib/time/clock.ts";
import { nextTurn } from "../lib/time/next-turn.ts";
import type { CommittedChange } from "../relay/changes.ts";
import type { RowId } from "../storage/store.ts";
import {
  isSubscribed,
  type NamePage,
  type NamesFound,
  newMessageId,
  type StoredEndpoint,
  type StoredMessage,
  type WebhookStore,
} from "../storage/webhook-store.ts";
import { type ContentReader, type IncludedContent, includedContent, omitted } from "./included-content.ts";
import { Lane } from "./lane.ts";
import type { WebhookLimits } from "./limits.ts";
import { joined, splitAt, updateMessage } from "./unreported-changes.ts";

/** The decision about a message after an attempt. */
export type Verdict =
  | { readonly kind: "delivered" }
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "give-up" }
  /** The message stays as it is: the endpoint is not in use any more. */
  | { readonly kind: "stop" };

export interface DispatcherOptions {
  readonly store: WebhookStore;
  readonly clock: Clock;
  readonly limits: Pick<WebhookLimits, "changeWebhookRequests" | "changeWebhookDocuments">;
  readonly readContent: ContentReader;
  /** Makes an attempt, and decides what becomes of the message. Never rejects. */
  readonly attempt: (endpoint: StoredEndpoint, message: StoredMessage, signal: AbortSignal) => Promise<Verdict>;
  /** The store has failed. The work is tried again. */
  readonly storeFailed: (error: unknown) => void;
}

/** After a failure of the store. */
const storeRetryMs = 5_000;
/** The documents that are looked up at once: some milliseconds. */
const scannedDocuments = 500;
/** After this many failed attempts in a row, one message at a time shows whether the endpoint works again. */
const failuresUntilProbing = 5;
const rememberedNames = 10_000;

/** The next step of a lane. */
type Step = { readonly kind: "again" } | { readonly kind: "idle" } | { readonly kind: "wait"; readonly ms: number };

/**
 * Delivers to one endpoint: the messages of each document one after the other, those of several documents at the same
 * time.
 *
 * Documents have lanes in memory while there is something to deliver. Beyond a bound they are left out, and looked up in
 * the store when there is room; so they are at the start.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #endpoint: StoredEndpoint;
  readonly #lanes = new Map<string, Lane>();
  readonly #queue = new Set<Lane>();
  /** Whether the endpoint is told of the updates of documents, by their names. */
  readonly #isToldOf = new Map<string, boolean>();
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #failuresInRow = 0;
  #scanning: Promise<void> | undefined;
  #cancelScan: (() => void) | undefined;
  /** Documents without a lane may have something to deliver. */
  #mustScan = true;

  constructor(endpoint: StoredEndpoint, options: DispatcherOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#scanIfNeeded();
  }

  /** The documents that wait, as far as they are in memory. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Records an update. Called for every committed update. */
  changed(change: CommittedChange): void {
    const { document } = change;
    if (!this.#tellsOf(document)) return;
    const lane = this.#laneOf(document);
    if (lane === undefined) return;
    lane.changed(change);
    if (lane.state === "idle") this.#waitForReport(lane);
  }

  /** Reports that a message about a document may have been added to the store. */
  recorded(document: string): void {
    const lane = this.#laneOf(document);
    if (lane === undefined) return;
    lane.mustLookAgain = true;
    // A message that waits for its next attempt goes first; a wait for more updates ends.
    if (lane.state === "idle" || (lane.state === "waiting" && lane.hasChanges)) this.#enqueue(lane);
  }

  /** Makes the next attempt about a document now. */
  hasten(document: string): void {
    const lane = this.#laneOf(document);
    if (lane === undefined) return;
    lane.mustLookAgain = true;
    if (lane.state !== "running") this.#enqueue(lane);
  }

  /** Looks up in the store what there is to deliver: the dispatcher may not have been told of all. */
  lookUp(): void {
    this.#mustScan = true;
    this.#scanIfNeeded();
  }

  /** Takes over changed settings, for the attempts that follow. */
  replace(endpoint: StoredEndpoint): void {
    const { documents, events } = this.#endpoint;
    this.#endpoint = endpoint;
    // A scan reads the rows of all documents.
    if (documents === endpoint.documents && events === endpoint.events) return;
    this.#isToldOf.clear();
    this.lookUp();
  }

  /** Interrupts all attempts, and resolves when none is left. */
  async close(): Promise<void> {
    this.#ending.abort();
    for (const lane of this.#lanes.values()) lane.stopWaiting();
    this.#queue.clear();
    this.#cancelScan?.();
    await Promise.all([...this.#running, this.#scanning]);
    this.#lanes.clear();
  }

  #tellsOf(document: string): boolean {
    const known = this.#isToldOf.get(document);
    if (known !== undefined) return known;
    if (this.#isToldOf.size >= rememberedNames) this.#isToldOf.clear();
    const isTold = isSubscribed(this.#endpoint, { type: "doc.updated", document }, matchesRoom);
    this.#isToldOf.set(document, isTold);
    return isTold;
  }

  /** Whether one message at a time is sent, until one is accepted. */
  get #isProbing(): boolean {
    return this.#failuresInRow >= failuresUntilProbing;
  }

  /** Undefined if there is no room for another one. */
  #laneOf(document: string): Lane | undefined {
    const known = this.#lanes.get(document);
    if (known !== undefined) return known;
    if (this.#ending.signal.aborted) return undefined;
    if (this.#lanes.size >= this.#options.limits.changeWebhookDocuments) {
      this.#mustScan = true;
      return undefined;
    }
    const lane = new Lane(document, this.#options.clock);
    this.#lanes.set(document, lane);
    return lane;
  }

  #waitForReport(lane: Lane): void {
    const ms = lane.reportInMs(this.#endpoint) ?? 0;
    if (ms === 0) this.#enqueue(lane);
    // Updates that come meanwhile make it wait again.
    else lane.wait(ms, () => this.#waitForReport(lane));
  }

  #enqueue(lane: Lane): void {
    lane.stopWaiting();
    lane.state = "queued";
    this.#queue.add(lane);
    this.#pump();
  }

  #pump(): void {
    if (this.#ending.signal.aborted) return;
    const most = this.#isProbing ? 1 : this.#options.limits.changeWebhookRequests;
    for (const lane of this.#queue) {
      if (this.#running.size >= most) return;
      this.#queue.delete(lane);
      const run = this.#run(lane).finally(() => {
        this.#running.delete(run);
        this.#pump();
        this.#scanIfNeeded();
      });
      this.#running.add(run);
    }
  }

  async #run(lane: Lane): Promise<void> {
    lane.state = "running";
    lane.mustLookAgain = false;
    const step = await this.#step(lane).catch((error: unknown): Step => {
      this.#options.storeFailed(error);
      return { kind: "wait", ms: storeRetryMs };
    });
    lane.state = "idle";
    if (this.#ending.signal.aborted) return;
    if (step.kind === "wait") lane.wait(step.ms, () => this.#enqueue(lane));
    else if (step.kind === "again" || lane.mustLookAgain) this.#enqueue(lane);
    else if (lane.hasChanges) this.#waitForReport(lane);
    else this.#lanes.delete(lane.document);
  }

  async #step(lane: Lane): Promise<Step> {
    const { clock, store } = this.#options;
    const { cursor, next } = await store.lane(this.#endpoint.id, lane.document);
    const message = await this.#choose(lane, next, cursor);
    if (message?.dueAt === undefined) return { kind: "idle" };
    const ms = message.dueAt - clock.now();
    return ms > 0 ? { kind: "wait", ms } : this.#attempt(message);
  }

  /** The message to deliver: updates that came before an event are reported before it. */
  async #choose(lane: Lane, next: StoredMessage | undefined, cursor: RowId): Promise<StoredMessage | undefined> {
    if (next !== undefined && (next.type === "doc.updated" || next.attempts > 0)) return next;
    if (next === undefined && lane.reportInMs(this.#endpoint) !== 0) return undefined;
    return (await this.#begin(lane, cursor, next?.sequence ?? Number.POSITIVE_INFINITY)) ?? next;
  }

  /** Stores the message that reports the updates of a lane up to a row; undefined if there are none. */
  async #begin(lane: Lane, cursor: RowId, until: RowId): Promise<StoredMessage | undefined> {
    const { clock, store } = this.#options;
    const { mayLackChanges } = lane;
    let changes = lane.take();
    if (!this.#tellsOf(lane.document)) return undefined;
    try {
      if (mayLackChanges) {
        const stored = await store.changes(lane.document, cursor);
        changes = stored && joined({ ...stored, first: cursor + 1 }, changes && { ...changes, bytes: 0 });
      }
      if (changes === undefined || changes.sequence <= cursor) return undefined;
      if (changes.first > until) {
        lane.giveBack(changes);
        return undefined;
      }
      const { reported, rest } = splitAt(changes, until);
      if (reported.sequence <= cursor) {
        lane.giveBack(changes);
        return undefined;
      }
      const facts = { document: lane.document, id: newMessageId(), at: clock.now(), changes: reported, cursor };
      let message = updateMessage({ ...facts, content: await this.#contentOf(lane.document) });
      if (!(await store.begin(this.#endpoint.id, message, cursor))) {
        message = updateMessage({ ...facts, content: omitted("unavailable") });
        await store.begin(this.#endpoint.id, message, cursor);
      }
      if (rest !== undefined) lane.giveBack(rest);
      return message;
    } catch (error) {
      if (changes !== undefined) lane.giveBack(changes);
      lane.mayLackChanges ||= mayLackChanges;
      throw error;
    }
  }

  /** Undefined if the endpoint is told without it. */
  async #contentOf(document: string): Promise<IncludedContent | undefined> {
    const form = this.#endpoint.include;
    if (form === undefined) return undefined;
    // The messages of all documents wait in the store until the endpoint works again.
    if (this.#isProbing) return omitted("failing");
    return includedContent(this.#options.readContent, { document, form, signal: this.#ending.signal });
  }

  async #attempt(message: StoredMessage): Promise<Step> {
    const { attempt, clock, store } = this.#options;
    const endpoint = this.#endpoint;
    const verdict = await attempt(endpoint, message, this.#ending.signal);
    if (verdict.kind === "stop") return { kind: "idle" };
    if (verdict.kind === "delivered") {
      this.#failuresInRow = 0;
      await store.delivered(endpoint.id, message);
      return { kind: "again" };
    }
    this.#failuresInRow += 1;
    const failed = { ...message, attempts: message.attempts + 1 };
    if (verdict.kind === "give-up") {
      await store.failed(endpoint.id, { ...failed, dueAt: undefined, failedAt: clock.now() });
      return { kind: "again" };
    }
    await store.failed(endpoint.id, { ...failed, dueAt: clock.now() + verdict.delayMs });
    return { kind: "wait", ms: verdict.delayMs };
  }

  #scanIfNeeded(): void {
    const half = this.#options.limits.changeWebhookDocuments / 2;
    if (!this.#mustScan || this.#scanning !== undefined) return;
    if (this.#ending.signal.aborted || this.#lanes.size > half) return;
    this.#mustScan = false;
    this.#scanning = this.#scan()
      .catch((error: unknown) => {
        this.#options.storeFailed(error);
        this.#cancelScan = this.#options.clock.after(storeRetryMs, () => {
          this.#mustScan = true;
          this.#scanIfNeeded();
        });
      })
      .finally(() => {
        this.#scanning = undefined;
      });
  }

  /** Opens the lanes of the documents that have something to deliver, until there is no room. */
  async #scan(): Promise<void> {
    const { store } = this.#options;
    const { events, id } = this.#endpoint;
    await this.#scanPages(
      (page) => store.documentsWithMessages(id, page),
      () => {},
    );
    if (!events.includes("doc.updated")) return;
    await this.#scanPages(
      async (page) => {
        const { documents, next } = await store.documentsWithChanges(id, page);
        return { documents: documents.filter((document) => this.#tellsOf(document)), next };
      },
      (lane) => {
        lane.mayLackChanges = true;
      },
    );
  }

  async #scanPages(read: (page: NamePage) => Promise<NamesFound>, found: (lane: Lane) => void): Promise<void> {
    let after: string | undefined = "";
    while (after !== undefined && !this.#ending.signal.aborted) {
      const page: NamesFound = await read({ after, limit: scannedDocuments });
      for (const document of page.documents) {
        const lane = this.#laneOf(document);
        if (lane === undefined) return;
        found(lane);
        if (lane.state === "idle") this.#enqueue(lane);
      }
      after = page.next;
      await nextTurn();
    }
  }
}
