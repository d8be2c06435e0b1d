import type { Slots } from "../../api/bounds/slots.ts";
import { FreshFlights } from "../../lib/flights/fresh-flights.ts";
import { KeyedLock } from "../../lib/flights/keyed-lock.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import { decodeStateVector } from "../../relay/update/state-vector.ts";
import type { RowId } from "../../storage/store.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Documents, WriteOrder } from "../documents.ts";
import type { Encoding } from "../encodings.ts";
import type { KeepVersion } from "../history/keep-version.ts";
import { EditRefused } from "./content/edit-refused.ts";
import { type Content, ContentCache } from "./content-cache.ts";
import type { ContentReply, EditJob, ReadJob } from "./content-job.ts";
import type { ContentWorkers, QueuedJob } from "./content-workers.ts";
import type { ContentLimits } from "./limits.ts";
import { ServerClients } from "./server-clients.ts";

export interface DocumentContentOptions {
  readonly documents: Pick<Documents, "open" | "write">;
  readonly workers: Pick<ContentWorkers, "run">;
  readonly clock: Clock;
  /** As `contentSlots`. */
  readonly slots: Slots;
  readonly limits: Pick<ContentLimits, "contentRequestMs" | "contentCacheBytes">;
  /** Called before the content of a document that exists is replaced. */
  readonly keepVersion?: KeepVersion | undefined;
}

export interface ContentRequest<Job> extends Pick<QueuedJob, "source" | "signal"> {
  readonly document: string;
  readonly job: Job;
  /** The key by which bounds count the caller, as `countedCaller`. */
  readonly counted: string | undefined;
}

export interface EditRequest extends ContentRequest<EditJob>, Pick<WriteOrder, "condition" | "user"> {
  /** Whether a document that does not exist is created. */
  readonly mayCreate: boolean;
}

/** `missing`: there is no such document. */
export type EditOutcome = WriteOutcome | { readonly kind: "missing" };

/** An edit is made again if another update has used its clocks meanwhile. No client has a reason to do that repeatedly. */
const maxAttempts = 3;

/**
 * The content of documents, read and changed on the server by jobs in workers. An edit is one ordinary update, written as
 * one of a member is. Edits of one document are made one after the other; see `ServerClients`.
 *
 * Methods reject with `EditRefused`, with `Problem` beyond the bounds on such requests, with `SessionError` (overloaded)
 * when their time is over, and as the methods of `Documents`. A request that is rejected has changed nothing, except after
 * a failure of the store, when that is unknown.
 */
export class DocumentContent {
  readonly #options: DocumentContentOptions;
  readonly #cache: ContentCache;
  readonly #flights = new FreshFlights<Content>();
  readonly #edits = new KeyedLock();
  readonly #clients = new ServerClients();

  constructor(options: DocumentContentOptions) {
    this.#options = options;
    this.#cache = new ContentCache(options.limits);
  }

  /** The sequence of a document; 0 if there is none. Asks the open room, which is cheaper than asking the store. */
  async sequenceOf(document: string): Promise<RowId> {
    const lease = await this.#options.documents.open(document);
    const { sequence } = lease.room;
    lease.release();
    return sequence;
  }

  /** Finds the answer that is kept for a document with this sequence; undefined if there is none. It takes no worker. */
  kept({ document, job }: Pick<ContentRequest<ReadJob>, "document" | "job">, sequence: RowId): Content | undefined {
    return this.#cache.find(keyOf(document, job), sequence);
  }

  /** Reads a document as it was at the time of the call, or later; undefined if there is none. */
  read(request: ContentRequest<ReadJob>): Promise<Content | undefined> {
    return this.#admit(request, (signal) => this.#read({ ...request, signal }));
  }

  /** The body of an answer, compressed. */
  encode(content: Content, encoding: Encoding): Promise<Blob> {
    return this.#cache.encode(content, encoding);
  }

  /** Forgets the answers of a document that was deleted. */
  forget(document: string): void {
    this.#cache.forget(document);
  }

  /** Resolves when the edit is as durable as an acknowledgement promises. */
  edit(request: EditRequest): Promise<EditOutcome> {
    return this.#admit(request, (signal) =>
      this.#edits.run(request.document, () => this.#edit({ ...request, signal })),
    );
  }

  async #admit<T>(
    { counted, signal }: Pick<ContentRequest<unknown>, "counted" | "signal">,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, limits, slots } = this.#options;
    const give = slots.take(counted);
    const ending = new AbortController();
    const end = () => ending.abort(overloaded("the request was given up"));
    const cancelDeadline = clock.after(limits.contentRequestMs, () => {
      ending.abort(overloaded("other requests take all time for the content of documents"));
    });
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
      return await run(ending.signal);
    } finally {
      give();
      cancelDeadline();
      signal.removeEventListener("abort", end);
    }
  }

  async #read({ document, job, signal, source }: ContentRequest<ReadJob>): Promise<Content | undefined> {
    const lease = await this.#options.documents.open(document);
    try {
      const { room } = lease;
      if (room.sequence === 0) return undefined;
      const key = keyOf(document, job);
      const cached = this.#cache.find(key, room.sequence);
      if (cached !== undefined) return cached;
      return await this.#flights.join({
        key,
        signal,
        call: async (flightSignal) => {
          const made = this.#cache.find(key, room.sequence);
          if (made !== undefined) return made;
          const content = await this.#readIn(room, { job, source, signal: flightSignal });
          this.#cache.keep(key, content);
          return content;
        },
      });
    } finally {
      lease.release();
    }
  }

  async #readIn(room: SyncRoom, request: Pick<QueuedJob, "job" | "signal" | "source">): Promise<Content> {
    const { reply, sequence } = await this.#run(room, request);
    if (reply.kind !== "read") throw new Error(`a content worker answered with ${reply.kind}`);
    return { document: room.name, sequence, body: new Blob([reply.body]) };
  }

  async #edit(request: EditRequest): Promise<EditOutcome> {
    const { condition, document, mayCreate, signal } = request;
    const lease = await this.#options.documents.open(document);
    try {
      const { room } = lease;
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        signal.throwIfAborted();
        if (room.sequence === 0 && !mayCreate) return { kind: "missing" };
        if (condition?.(room.sequence) === false) return { kind: "refused", sequence: room.sequence };
        const outcome = await this.#tryEdit(room, request);
        if (outcome !== undefined) return outcome;
      }
      throw new Error("another client writes with the client ids of the server");
    } finally {
      lease.release();
    }
  }

  /** Undefined if another update has used the clocks of the edit. */
  async #tryEdit(room: SyncRoom, request: EditRequest): Promise<WriteOutcome | undefined> {
    const { condition, document, job, signal, source, user } = request;
    const written = this.#clients.of(document);
    const { reply, sequence } = await this.#run(room, { job, source, signal, written });
    if (reply.kind === "unchanged") {
      const isAllowed = condition?.(sequence) !== false;
      return isAllowed ? { kind: "written", sequence, isChanged: false } : { kind: "refused", sequence };
    }
    if (reply.kind !== "edited") throw new Error(`a content worker answered with ${reply.kind}`);
    const { client, end, start, update } = reply;
    if (job.kind === "put" && sequence > 0) await this.#options.keepVersion?.(document);
    if (clockIn(room, client) !== start) return undefined;
    // Forgotten until it is known that the edit was written.
    this.#clients.forget(document);
    const outcome = await this.#options.documents.write({ document, room, update, user, condition });
    if (outcome.kind !== "written") {
      if (written !== undefined) this.#clients.wrote(document, written);
      return outcome;
    }
    if (!outcome.isChanged) return undefined;
    this.#clients.wrote(document, { client, end });
    return outcome;
  }

  /** Runs a job on the content of a room. Throws for a job that is refused, or has failed. */
  async #run(room: SyncRoom, request: Omit<QueuedJob, "updates">): Promise<{ reply: ContentReply; sequence: RowId }> {
    let sequence = 0;
    const updates = async () => {
      const parts = await room.parts();
      sequence = parts.sequence;
      return parts.updates;
    };
    const reply = await this.#options.workers.run({ ...request, updates });
    if (reply.kind === "refused") throw new EditRefused(reply.code, reply.message, reply.pointer);
    if (reply.kind === "failed") throw new Error(reply.message);
    return { reply, sequence };
  }
}

function keyOf(document: string, job: ReadJob): string {
  return `${JSON.stringify(job)} ${document}`;
}

function clockIn(room: SyncRoom, client: number): number {
  return decodeStateVector(room.stateVector()).get(client) ?? 0;
}

function overloaded(detail: string): SessionError {
  return new SessionError(closeReasons.overloaded, detail);
}
