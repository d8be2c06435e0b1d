import type { Clock } from "../../lib/time/clock.ts";
import { automaticVersions } from "../../relay/history/automatic-versions.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import type {
  AutomaticVersion,
  HistoryExtent,
  HistoryStore,
  Moment,
  StoredVersion,
  UpdateTime,
  VersionPage,
} from "../../storage/history/history-store.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Documents } from "../documents.ts";
import type { ReadJob } from "../edits/content-job.ts";
import type { ActivityRange, HistoryJob, MomentParts } from "./history-job.ts";
import type { HistoryQueue } from "./history-queue.ts";
import { automatic, keepVersion, presentVersion } from "./keep-version.ts";

/** The document at that moment is not known: it is before the history, or in a part without one. */
export class MomentUnknown extends Error {
  constructor() {
    super("The history of the document does not have that moment.");
    this.name = "MomentUnknown";
  }
}

export interface DocumentHistoryOptions {
  readonly documents: Pick<Documents, "compact" | "open" | "write" | "scrub">;
  readonly history: HistoryStore;
  readonly queue: Pick<HistoryQueue, "run">;
  readonly clock: Clock;
  /** A document was restored. Never rejects. */
  readonly restored: (restoring: Restoring) => Promise<void>;
}

/** An edit that has made a document as it was at a moment. */
export interface Restoring {
  readonly document: string;
  /** The row of the edit. */
  readonly sequence: number;
  /** The last update of the moment. */
  readonly restoredSequence: number;
  readonly user: string | undefined;
}

/** The sender of a request, as far as the queue has to know it. */
export interface HistoryRequest {
  readonly document: string;
  readonly source: string;
  /** As `QueuedHistoryJob.counted`. */
  readonly counted?: string | undefined;
  readonly signal: AbortSignal;
}

/** The answer to a request, and the last update of the moment that it is about. */
export interface HistoryRead {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly last: UpdateTime;
}

export interface RestoreRequest extends HistoryRequest {
  readonly moment: Moment;
  readonly user: string | undefined;
  /** Whether nothing is to be written. */
  readonly isDry: boolean;
  /** As `WriteOrder.condition`. */
  readonly condition?: ((sequence: number) => boolean) | undefined;
}

export type RestoreOutcome = (WriteOutcome | { readonly kind: "dry"; readonly bytes: number }) & {
  readonly last: UpdateTime;
};

/**
 * The history of documents: moments, differences, versions, restoring. It knows nothing of HTTP.
 *
 * Methods reject with `MomentUnknown`, `EditRefused`, `StoreError` and `SessionError`.
 */
export class DocumentHistory {
  readonly #options: DocumentHistoryOptions;

  constructor(options: DocumentHistoryOptions) {
    this.#options = options;
  }

  /** Reads a document at a moment. */
  read(request: HistoryRequest, moment: Moment, read: ReadJob): Promise<HistoryRead> {
    return this.#read(request, async () => ({ kind: "read", at: await this.#parts(request.document, moment), read }));
  }

  /** The difference between two moments, the earlier one first: of a text, or without a root the JSON of both. */
  diff(request: HistoryRequest, [from, to]: readonly [Moment, Moment], root?: string): Promise<HistoryRead> {
    return this.#read(request, async () => ({
      kind: "diff",
      from: await this.#parts(request.document, from),
      to: await this.#parts(request.document, to),
      root,
      activity: await this.#options.history.activity(request.document, always),
    }));
  }

  /** Returns the parts of a text with the users who wrote them. */
  blame(request: HistoryRequest, moment: Moment, root: string): Promise<HistoryRead> {
    return this.#read(request, async () => ({
      kind: "blame",
      at: await this.#parts(request.document, moment),
      root,
      activity: await this.#options.history.activity(request.document, always),
    }));
  }

  activity(request: HistoryRequest, range: ActivityRange): Promise<HistoryRead> {
    return this.#read(request, async () => ({
      kind: "activity",
      activity: await this.#options.history.activity(request.document, range),
      range,
    }));
  }

  /** Makes a document as it was at a moment, by an edit that deletes what came later and inserts what was deleted. */
  async restore(request: RestoreRequest): Promise<RestoreOutcome> {
    const lease = await this.#options.documents.open(request.document);
    try {
      return await this.#restoreIn(lease.room, request);
    } finally {
      lease.release();
    }
  }

  /** The edit has content of the room: it must not be written to another document, after this one was purged. */
  async #restoreIn(room: SyncRoom, request: RestoreRequest): Promise<RestoreOutcome> {
    const { condition, document, isDry, moment, user } = request;
    const { queue } = this.#options;
    const reply = await queue.run({
      ...request,
      take: async () => ({
        kind: "restore",
        at: await this.#parts(document, moment),
        present: (await room.parts()).updates,
      }),
    });
    if (reply.kind !== "restored") throw new Error(`the history worker has answered with ${reply.kind}`);
    const { last, update } = reply;
    if (isDry) return { kind: "dry", bytes: update?.byteLength ?? 0, last };
    const { documents, history, restored } = this.#options;
    // The state before is a version, to which one can return.
    await keepVersion(document, { history });
    const outcome = await documents.write({ document, room, update: update ?? noUpdate, user, condition });
    const isRestored = outcome.kind === "written" && outcome.isChanged;
    if (isRestored) await restored({ document, sequence: outcome.sequence, restoredSequence: last.sequence, user });
    return { ...outcome, last };
  }

  extent(document: string): Promise<HistoryExtent> {
    return this.#options.history.extent(document);
  }

  /** The versions from the newest on, those that the tail has made included. */
  async versions(document: string, page: VersionPage): Promise<readonly StoredVersion[]> {
    const { history } = this.#options;
    const [stored, made] = [await history.versions(document, page), await this.#versionsOfTail(document)];
    const { before } = page;
    const known = new Set(stored.map(({ sequence }) => sequence));
    const isAsked = ({ sequence }: AutomaticVersion) =>
      !known.has(sequence) && (before === undefined || sequence < before.sequence);
    return [...stored, ...made.filter(isAsked).map(automatic)]
      .sort((left, right) => right.sequence - left.sequence || right.number - left.number)
      .slice(0, page.limit);
  }

  async version(document: string, id: Pick<StoredVersion, "sequence" | "number">): Promise<StoredVersion | undefined> {
    const stored = await this.#options.history.version(document, id);
    if (stored !== undefined || id.number !== 0) return stored;
    const made = (await this.#versionsOfTail(document)).find(({ sequence }) => sequence === id.sequence);
    return made && automatic(made);
  }

  /** As `HistoryStore.countNamed`. */
  countNamed(document: string): Promise<number> {
    return this.#options.history.countNamed(document);
  }

  /** Names the present state. Undefined if there is no document. */
  async addVersion(
    document: string,
    { name, user }: { readonly name: string; readonly user: string | undefined },
  ): Promise<StoredVersion | undefined> {
    const { history } = this.#options;
    const present = await presentVersion(document, history);
    return present && history.addVersion(document, { ...present, name, createdBy: user });
  }

  /** Names a version; undefined takes the name of an automatic one away. Resolves with false if there is no document. */
  renameVersion(document: string, version: StoredVersion, name: string | undefined): Promise<boolean> {
    return this.#options.history.putVersion(document, { ...version, name });
  }

  deleteVersion(document: string, version: StoredVersion): Promise<boolean> {
    return this.#options.history.deleteVersion(document, version);
  }

  /**
   * Removes the history before a moment, or all of it. When it resolves, no byte of what was removed is in the store's
   * files. The segment that the moment is in is removed as a whole. Rejects with `SessionError` overloaded if the document
   * cannot be compacted: then deleted content is left in its updates.
   */
  async erase(document: string, before?: number): Promise<void> {
    const { documents, history } = this.#options;
    const last = (await history.progress(document))?.tail.at(-1)?.row ?? 0;
    // The tail has deleted content as well.
    await documents.compact(document);
    const [first] = (await history.progress(document))?.tail ?? [];
    if (before === undefined) await history.erase(document);
    else await this.shorten(document, { before, isInclusive: true, source: "", signal: never });
    await documents.scrub();
    if (first === undefined || first.row > last) return;
    const left =
      "the history is erased, but the updates since the last compaction keep deleted content, since the document cannot be compacted now";
    throw new SessionError(closeReasons.overloaded, left);
  }

  /** Removes the segments that end before a time; with `isInclusive`, also the one that the time is in. */
  async shorten(document: string, { before, isInclusive, ...request }: Shortening): Promise<boolean> {
    const { history, queue } = this.#options;
    const expired = await history.expired(document, before, isInclusive);
    if (expired === undefined) return false;
    if (expired.isAll) {
      await history.erase(document, expired.last.sequence);
      return true;
    }
    const moment = { sequence: expired.last.sequence };
    const take = async (): Promise<HistoryJob> => ({ kind: "snapshot", at: await this.#parts(document, moment) });
    const reply = await queue.run({ ...request, take });
    if (reply.kind !== "snapshot") throw new Error(`the history worker has answered with ${reply.kind}`);
    await history.shorten(document, { ...reply.snapshot, ...expired.last });
    return true;
  }

  async #read({ counted, signal, source }: HistoryRequest, take: () => Promise<HistoryJob>): Promise<HistoryRead> {
    const reply = await this.#options.queue.run({ counted, signal, source, take });
    if (reply.kind !== "read") throw new Error(`the history worker has answered with ${reply.kind}`);
    return { body: reply.body, last: reply.last };
  }

  async #parts(document: string, moment: Moment): Promise<MomentParts> {
    const stored = await this.#options.history.moment(document, moment);
    if (stored === undefined || stored.kind === "unknown") throw new MomentUnknown();
    return { moment, stored };
  }

  async #versionsOfTail(document: string): Promise<readonly AutomaticVersion[]> {
    const { clock, history } = this.#options;
    const progress = await history.progress(document);
    if (progress === undefined) return [];
    return automaticVersions({ ...progress, updates: progress.tail, now: clock.now(), isFinal: false }).versions;
  }
}

export interface Shortening extends Omit<HistoryRequest, "document"> {
  /** Epoch milliseconds. */
  readonly before: number;
  readonly isInclusive: boolean;
}

const always = { from: 0, to: Number.MAX_SAFE_INTEGER };
const never = new AbortController().signal;
/** An update without structs and deletes. */
const noUpdate = Uint8Array.of(0, 0);
