import type { EventStreams, StreamOrder } from "../../api/events/event-streams.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RowId } from "../../storage/store.ts";
import type { Documents } from "../documents.ts";

export interface FollowAllOrder extends Omit<StreamOrder, "ended"> {
  /** The documents are those whose names begin with this text. */
  readonly prefix: string;
}

interface Follower {
  readonly documents: Pick<Documents, "changes" | "watch">;
  readonly streams: EventStreams;
  readonly clock: Clock;
}

/** The changes of one document are reported at most so often, with the latest sequence. */
const intervalMs = 1_000;

/** Tells which documents change: `updated` at most once a second for each, `deleted`, `undeleted` and `purged`. */
export function followDocuments(order: FollowAllOrder, { clock, documents, streams }: Follower): Response {
  const { caller, prefix } = order;
  const changed = new Map<string, RowId>();
  let stopWaiting: (() => void) | undefined;
  const cancels: (() => void)[] = [];
  const stream = streams.open({
    ...order,
    ended: () => {
      stopWaiting?.();
      for (const cancel of cancels) cancel();
    },
  });
  const send = (event: string, data: Readonly<Record<string, unknown>>) => {
    if (caller.hasEnded) streams.end(stream, "unauthorized");
    else stream.send({ event, data });
  };
  const report = () => {
    stopWaiting = undefined;
    const reported = [...changed];
    changed.clear();
    for (const [name, sequence] of reported) send("updated", { name, sequence });
  };
  cancels.push(
    documents.changes.watchAll(({ document, row }) => {
      if (!document.startsWith(prefix)) return;
      changed.set(document, row);
      stopWaiting ??= clock.after(intervalMs, report);
    }),
    documents.watch(({ document, kind }) => {
      if (!document.startsWith(prefix)) return;
      changed.delete(document);
      send(kind, { name: document });
    }),
  );
  // The reader may have left before the stream was open.
  if (!stream.isOpen) for (const cancel of cancels) cancel();
  stream.send({ event: "ready", data: {} });
  return stream.response;
}
