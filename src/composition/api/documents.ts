import type { EventStreams } from "../../api/events/event-streams.ts";
import { DeletedDocuments } from "../../documents/deleted-documents.ts";
import { Documents } from "../../documents/documents.ts";
import { contentSlots, copySlots } from "../../documents/edits/content-slots.ts";
import { ContentWorkers, startContentWorker } from "../../documents/edits/content-workers.ts";
import { DocumentContent } from "../../documents/edits/document-content.ts";
import { WorkerMerger } from "../../documents/edits/worker-merger.ts";
import { versionsBeforeEdits } from "../../documents/history/keep-version.ts";
import { Disconnections } from "../../documents/presence/disconnections.ts";
import { Guests } from "../../documents/presence/guests.ts";
import { contentRoutes } from "../../documents/routes/content-routes.ts";
import { copyRoutes } from "../../documents/routes/copy-routes.ts";
import { documentRoutes } from "../../documents/routes/document-routes.ts";
import { eventRoutes } from "../../documents/routes/event-routes.ts";
import { presenceRoutes } from "../../documents/routes/presence-routes.ts";
import { updateRoutes } from "../../documents/routes/update-routes.ts";
import { DocumentStates } from "../../documents/states/document-states.ts";
import { Deletion } from "../../relay/deletion.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { Store } from "../../storage/store.ts";
import type { WebhookStore } from "../../storage/webhook-store.ts";
import type { Part } from "../part.ts";
import type { Relay } from "../relay.ts";
import type { PartDependencies, ServerOptions } from "../server-options.ts";
import { openHistory } from "./history.ts";

export interface DocumentsPartOptions
  extends Pick<PartDependencies, "addresses" | "bus" | "clock" | "lead" | "limits" | "log" | "metrics">,
    Pick<ServerOptions, "keepsDeleted" | "historyKeepMs" | "requiresMatch"> {
  readonly store: Store & { readonly history: HistoryStore; readonly webhooks: WebhookStore };
  readonly relay: Pick<Relay, "rooms" | "changes" | "presenceNodes" | "whenChangedElsewhere">;
  readonly streams: EventStreams;
  readonly deletedDocumentsMs?: number | undefined;
  readonly readersShowPresence: boolean;
}

export interface DocumentsPart extends Part {
  readonly content: DocumentContent;
}

/** The part of a server that serves documents over HTTP. */
export function openDocuments({ relay, store, deletedDocumentsMs, ...shared }: DocumentsPartOptions): DocumentsPart {
  const { changes, presenceNodes, rooms } = relay;
  let [keptMs, { historyKeepMs, requiresMatch = false }] = [deletedDocumentsMs, shared];
  const keepMs = (document: string) => historyKeepMs(document);
  const isLeading = () => shared.lead?.isLeading ?? true;
  const deletion = new Deletion({ store, rooms, bus: shared.bus });
  const documents = new Documents({ store, rooms, changes, presenceNodes, deletion });
  relay.whenChangedElsewhere((document, kind) => {
    if (kind !== "compacted") documents.changedElsewhere({ document, kind });
  });
  const disconnections = new Disconnections({ ...shared, rooms });
  const workers = new ContentWorkers({ ...shared, startWorker: startContentWorker });
  const merger = new WorkerMerger({ ...shared, workers });
  const keepVersion = versionsBeforeEdits({ history: store.history, keepMs });
  const slots = contentSlots(shared.limits);
  const content = new DocumentContent({ ...shared, documents, workers, slots, keepVersion });
  const states = new DocumentStates({ ...shared, documents, merger });
  const guests = new Guests({ ...shared, documents });
  const deleted = new DeletedDocuments({ ...shared, documents, isLeading, keepMs: () => keptMs });
  const stopForgetting = documents.watch(({ document }) => {
    states.forget(document);
    content.forget(document);
  });
  const { history: historyStore, webhooks } = store;
  const history = openHistory({ ...shared, documents, history: historyStore, isLeading, keepMs, webhooks });
  const { documentHistory } = history;
  const orderSlots = copySlots(shared.limits, "lists of documents in another order than that of their names");
  const bounds = { slots, orderSlots, copySlots: copySlots(shared.limits) };
  const parts = { documentHistory, history: historyStore, keepMs, keepVersion, ...bounds };
  const options = { ...shared, ...parts, content, disconnections, documents, guests, merger, states };
  return {
    content,
    api: [
      ...documentRoutes(options),
      ...updateRoutes(options),
      ...contentRoutes({ ...options, requiresMatch: () => requiresMatch }),
      ...copyRoutes(options),
      ...presenceRoutes(options),
      ...eventRoutes(options),
      ...(history.api ?? []),
    ],
    reload: (next) => {
      keptMs = next.deletedDocumentsMs;
      historyKeepMs = next.historyKeepMs;
      requiresMatch = next.requiresMatch ?? false;
    },
    drain: async () => {
      guests.close();
      await deleted.close();
      await history[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: async () => {
      stopForgetting();
      guests.close();
      workers.close();
      await history[Symbol.asyncDispose]();
      await deleted.close();
    },
  };
}
