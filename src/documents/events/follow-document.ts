import { documentNotFound } from "../../api/caller.ts";
import type { StreamEvent } from "../../api/events/event-stream.ts";
import type { EventStreams, StreamOrder } from "../../api/events/event-streams.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { Problem } from "../../api/problems.ts";
import type { CommittedChange } from "../../relay/changes.ts";
import type { RowId, StoredDocument } from "../../storage/store.ts";
import type { Documents } from "../documents.ts";
import type { Guests } from "../presence/guests.ts";
import { SentRows } from "./sent-rows.ts";

export interface FollowOrder extends Omit<StreamOrder, "ended"> {
  readonly document: string;
  /** The sequence that the reader has; undefined for one that begins with the present one. */
  readonly since: RowId | undefined;
  /** Whether the reader takes part in the presence of the document. */
  readonly hasPresence: boolean;
}

interface Follower {
  readonly documents: Pick<Documents, "changes" | "info" | "isShared" | "load" | "open" | "watch">;
  readonly guests: Guests;
  readonly streams: EventStreams;
  readonly limits: Pick<ApiLimits, "apiEventBytes">;
}

type Update = Pick<CommittedChange, "row" | "update" | "isFound">;

/**
 * So many updates before the one that a reader has are sent again, where other nodes write to the document: the reader may have
 * left before an update of another node has come, whose row is smaller.
 */
const repeatedRows = 100;

/**
 * Sends every update of a document that is committed after `since`, in the order of the commits, each once. The first
 * event tells the sequence from which they follow. Where other nodes write to the document, the order of their updates and
 * its own may differ by some milliseconds, and by a second when an announcement is lost. A reader that resumes is therefore
 * sent the last ones again. A large update is sent as its sequence only. A reader with presence is also sent awareness
 * updates, and the first event tells the id of its guest.
 *
 * Throws `Problem` events-lost if the updates since then are not kept one by one, and document-deleted.
 */
export async function followDocument(order: FollowOrder, follower: Follower): Promise<Response> {
  const { documents, guests, limits, streams } = follower;
  const { caller, document, hasPresence, since } = order;
  // Updates that are committed before the stream is open.
  const early: Update[] = [];
  let take = (update: Update): void => void early.push(update);
  let isRemoved = false;
  let remove = (): void => {
    isRemoved = true;
  };
  const cancels = [
    documents.changes.watch(document, (change) => take(change)),
    documents.watch((event) => {
      if (event.document === document && event.kind !== "undeleted") remove();
    }),
  ];
  try {
    // An open room finds what a compaction of another node has swallowed.
    const held = documents.isShared ? await documents.open(document) : undefined;
    if (held !== undefined) cancels.push(() => held.release());
    const { begin, missed, known } = await beginning(follower, document, since);
    const lease = hasPresence ? await documents.open(document) : undefined;
    if (lease !== undefined) cancels.push(() => lease.release());
    if (isRemoved) throw new Problem("document-deleted", "The document is deleted.");
    const stream = streams.open({
      ...order,
      ended: () => {
        for (const cancel of cancels) cancel();
      },
    });
    remove = () => streams.end(stream, "document-deleted");
    let last = known;
    const sent = documents.isShared ? new SentRows() : undefined;
    const isNew = ({ row, isFound }: Update) => {
      if (sent !== undefined) return isFound === true || (row > known && sent.add(row));
      if (row <= last) return false;
      last = row;
      return true;
    };
    const send = (update: Update) => {
      if (caller.hasEnded) streams.end(stream, "unauthorized");
      else stream.sendEncoded(streams.encode(update, () => eventOf(update, limits.apiEventBytes)));
    };
    take = (update) => {
      if (isNew(update)) send(update);
    };
    const receive = (body: Uint8Array) => {
      if (caller.hasEnded) streams.end(stream, "unauthorized");
      else stream.sendEncoded(streams.encode(body, () => awarenessEventOf(body)));
    };
    const guest = lease && guests.join(lease, receive);
    if (guest !== undefined) cancels.push(() => guest.leave());
    stream.send({ id: begin, event: "ready", data: { sequence: begin, stream: guest?.id } });
    for (const update of missed) send(update);
    for (const update of early) take(update);
    // The reader may have left before.
    if (!stream.isOpen) guest?.leave();
    return stream.response;
  } catch (error) {
    for (const cancel of cancels) cancel();
    throw error;
  }
}

/** An update that would take much of what may wait for a reader is left out: the reader asks for it. */
function eventOf({ row, update }: Update, maxWaitingBytes: number): StreamEvent {
  const isSmall = update.byteLength <= maxWaitingBytes / 4;
  const data = { sequence: row, ...(isSmall && { update: update.toBase64() }) };
  return { id: row, event: "update", data };
}

/** An event without an id, because a reader that resumes gets the current states. */
function awarenessEventOf(body: Uint8Array): StreamEvent {
  return { event: "awareness", data: { update: body.toBase64() } };
}

interface Beginning {
  readonly begin: RowId;
  readonly missed: readonly Update[];
  /** All updates up to this row are known to the reader, or among the missed ones. */
  readonly known: RowId;
}

async function beginning(
  { documents, limits }: Follower,
  document: string,
  since: RowId | undefined,
): Promise<Beginning> {
  const info = await documents.info(document);
  if (info?.deletedAt !== undefined) throw new Problem("document-deleted", "The document is deleted.");
  const sequence = info?.sequence ?? 0;
  const repeated = documents.isShared ? repeatedRows : 0;
  if (since === undefined || (since === sequence && repeated === 0))
    return { begin: sequence, missed: [], known: sequence };
  const stored = await documents.load(document);
  const missed = (stored && missedSince(stored, since, repeated)) ?? (since === sequence ? [] : undefined);
  if (missed !== undefined && bytesOf(missed) <= limits.apiEventBytes / 4)
    return { begin: since, missed, known: stored?.sequence ?? sequence };
  if (stored === undefined) throw documentNotFound();
  throw new Problem(
    "events-lost",
    "The updates since then were merged, or are very many. Read the document with the state vector that you have, and follow it from the sequence of the answer.",
  );
}

/**
 * The updates after a sequence that the document once had, and some before it; undefined if they are not known. The tail has
 * all that follow if it has the one of that sequence, or if nothing was ever merged.
 */
function missedSince({ base, tail }: StoredDocument, since: RowId, repeated: number): readonly Update[] | undefined {
  if (since === 0) return base === undefined ? tail : undefined;
  const place = tail.findIndex(({ row }) => row === since);
  return place === -1 ? undefined : tail.slice(Math.max(0, place + 1 - repeated));
}

function bytesOf(updates: readonly Update[]): number {
  return updates.reduce((sum, { update }) => sum + update.byteLength, 0);
}
